package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// sumAgain makes the sums of some hours anew from their rows. It is called in a transaction.
func sumAgain(db *sqlite3.Conn, from, to int64) error {
	if err := run(db, `DELETE FROM hour WHERE hour BETWEEN ? AND ?`, from, to); err != nil {
		return err
	}
	hours := hourSums{}
	err := store{db, true}.each(from*microsPerHour, (to+1)*microsPerHour, func(e *entry) error {
		hours.add(e)
		return nil
	})
	for key, s := range hours {
		if err == nil {
			err = run(db, insertHour, s.values(key)...)
		}
	}
	return err
}

// deleteUnusedNames deletes the names that no row has any more. It is called in a transaction.
func deleteUnusedNames(db *sqlite3.Conn) error {
	used := map[int64]bool{0: true}
	err := query(db, `SELECT DISTINCT * FROM (`+namesOfRequest()+`)`, nil,
		func(s *sqlite3.Stmt) error { used[s.ColumnInt64(0)] = true; return nil })
	if err == nil {
		err = query(db, `SELECT data FROM chunk`, nil, func(s *sqlite3.Stmt) error {
			var before [columns]int64 // rows that follow each other have the same names
			return unpack(s.ColumnRawBlob(0), func(e *entry) error {
				for _, column := range nameColumns {
					if id := e.numbers[column]; id != before[column] {
						used[id] = true
					}
				}
				before = e.numbers
				return nil
			})
		})
	}
	var unused []int64
	if err == nil {
		err = query(db, `SELECT id FROM name`, nil, func(s *sqlite3.Stmt) error {
			if id := s.ColumnInt64(0); !used[id] {
				unused = append(unused, id)
			}
			return nil
		})
	}
	for _, id := range unused {
		if err == nil {
			err = run(db, `DELETE FROM name WHERE id = ?`, id)
		}
	}
	return err
}

// namesOfRequest returns the query for the names of the rows of the table request.
func namesOfRequest() string {
	var all []string
	for _, column := range [...]string{"client", "user_agent", "session", "agent", "route", "requested", "model_group",
		"fallback", "deployment", "provider", "host", "model", "account", "class"} {
		all = append(all, `SELECT `+column+` FROM request`)
	}
	return strings.Join(all, ` UNION `)
}

// run runs a statement with its values.
func run(db *sqlite3.Conn, sql string, values ...any) error {
	s, _, err := db.Prepare(sql)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return errors.Join(bind(s, values), s.Exec())
}

// bind binds values to a statement.
func bind(s *sqlite3.Stmt, values []any) error {
	var err error
	for i, value := range values {
		switch v := value.(type) {
		case int64:
			err = errors.Join(err, s.BindInt64(i+1, v))
		case float64:
			err = errors.Join(err, s.BindFloat(i+1, v))
		case string:
			err = errors.Join(err, s.BindText(i+1, v))
		case []byte:
			err = errors.Join(err, s.BindBlob(i+1, v))
		}
	}
	return err
}

// The intervals at which the bounds of the ledger are looked at.
const (
	pruneInterval = time.Minute
	maxPruned     = 24 * time.Hour // of rows, at once: a clock that jumps ahead must not empty the ledger
	pruneAgain    = time.Hour      // after rows were deleted because of their age
)

// prune deletes the oldest rows when the ledger exceeds its bounds.
func (w *Writer) prune() {
	now := w.opts.Now()
	if w.pruned.Sub(now).Abs() < pruneInterval {
		return
	}
	w.pruned = now
	cut, err := w.findCut(now)
	if err == nil && cut > 0 {
		err = w.deleteBefore(cut)
	}
	if isTorn(err) { // no row would ever be deleted again, and the file grow without a bound
		w.fail(err)
		return
	}
	if err != nil {
		w.opts.Logger.Warn("old rows of the usage ledger could not be deleted", "file", w.path, "error", err.Error())
	}
}

// findCut returns the time, in microseconds, before which rows are to be deleted; 0: none are.
func (w *Writer) findCut(now time.Time) (int64, error) {
	oldest, err := store{w.db, true}.oldest()
	if err != nil || oldest == 0 {
		return 0, err
	}
	size, err := queryInt(w.db, `SELECT (SELECT page_count FROM pragma_page_count) - `+
		`(SELECT freelist_count FROM pragma_freelist_count)`)
	if err != nil {
		return 0, err
	}
	page, err := queryInt(w.db, `PRAGMA page_size`)
	if err != nil {
		return 0, err
	}
	if size*page > w.opts.MaxBytes { // a tenth, so that it lasts
		return w.findTenth()
	}
	limit := now.AddDate(0, 0, -w.opts.Days).UnixMicro()
	if oldest >= limit || w.agePruned.Sub(now).Abs() < pruneAgain {
		return 0, nil
	}
	w.agePruned = now
	return min(limit, oldest+maxPruned.Microseconds()), nil
}

// findTenth returns the time, in microseconds, before which about a tenth of the rows began, those of version 1 first.
func (w *Writer) findTenth() (int64, error) {
	cut, err := queryInt(w.db, `SELECT start FROM request ORDER BY start LIMIT 1
 OFFSET (SELECT count(*) / 10 + 1 FROM request)`)
	if err != nil || cut > 0 {
		return cut, err
	}
	return queryInt(w.db, `SELECT last + 1 FROM chunk ORDER BY last LIMIT 1 OFFSET (SELECT count(*) / 10 FROM chunk)`)
}

// deleteBefore deletes the rows that began before a time, in microseconds.
func (w *Writer) deleteBefore(cut int64) error {
	err := inTransaction(w.db, func() error {
		hour := cut / microsPerHour
		_, err := deletePacked(w.db, 0, cut, func(*entry) bool { return true })
		return errors.Join(err, run(w.db, `DELETE FROM request WHERE start < ?`, cut),
			run(w.db, `DELETE FROM hour WHERE hour < ?`, hour), run(w.db, `DELETE FROM gap WHERE stop < ?`, cut),
			sumAgain(w.db, hour, hour), deleteUnusedNames(w.db))
	})
	w.batch.names = nil
	return errors.Join(err, w.db.Exec(`PRAGMA incremental_vacuum`))
}

// Filter says which rows are meant: those for which all that is set holds.
type Filter struct {
	Client  string
	Session string
	Since   time.Time // the first moment
	Until   time.Time // the first moment after them
}

// The condition of a Filter in SQL; its values are those that Filter.values returns.
const (
	where   = ` start >= ?1 AND start < ?2 AND ` + ofNames
	ofNames = ` (?3 = '' OR client = (SELECT id FROM name WHERE text = ?3)) AND
 (?4 = '' OR session = (SELECT id FROM name WHERE text = ?4))`
)

// meant is a Filter with the ids of its names.
type meant struct {
	since, until    int64 // in microseconds
	client, session int64 // anyName: each; noName: none
}

// Ids that no name has.
const (
	anyName = -1
	noName  = -2
)

// resolve finds the ids of the filter's names.
func (f Filter) resolve(db *sqlite3.Conn) (m meant, err error) {
	values := f.values()
	m = meant{values[0].(int64), values[1].(int64), anyName, anyName}
	for _, name := range []struct {
		text string
		id   *int64
	}{{f.Client, &m.client}, {f.Session, &m.session}} {
		if name.text == "" || err != nil || db == nil {
			continue
		}
		*name.id = noName
		err = query(db, `SELECT id FROM name WHERE text = ?`, []any{name.text},
			func(s *sqlite3.Stmt) error { *name.id = s.ColumnInt64(0); return nil })
	}
	return m, err
}

// matches reports whether a row is of the names that are meant.
func (m *meant) matches(e *entry) bool {
	return (m.client == anyName || m.client == e.numbers[clientColumn]) &&
		(m.session == anyName || m.session == e.numbers[sessionColumn])
}

// values returns the values for where.
func (f Filter) values() []any {
	since, until := int64(0), int64(1<<62)
	if !f.Since.IsZero() {
		since = f.Since.UnixMicro()
	}
	if !f.Until.IsZero() {
		until = f.Until.UnixMicro()
	}
	return []any{since, until, f.Client, f.Session}
}

// Forget deletes the rows that the filter means from the ledger in the folder, also while the
// router runs, and returns how many they were. What is deleted is overwritten in the file.
// Faults: usage-ledger-newer, usage-ledger-torn, usage-ledger-unusable.
func Forget(folder string, f Filter) (rows int64, err error) {
	path := filepath.Join(folder, FileName)
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	db, err := openForWriting(path)
	if err != nil {
		return 0, explain(path, err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Exec(`PRAGMA secure_delete=ON`); err != nil {
		return 0, explain(path, err)
	}
	err = inTransaction(db, func() error { rows, err = forget(db, f); return err })
	if err == nil {
		err = db.Exec(`PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)`)
	}
	return rows, explain(path, err)
}

// forget deletes the rows that the filter means, and what only they had. It is called in a
// transaction.
func forget(db *sqlite3.Conn, f Filter) (rows int64, err error) {
	meant, err := f.resolve(db)
	if err != nil {
		return 0, err
	}
	deleted, err := deletePacked(db, meant.since, meant.until, meant.matches)
	if err != nil {
		return 0, err
	}
	err = query(db, `SELECT count(*), min(start), max(start) FROM request WHERE`+where, f.values(),
		func(s *sqlite3.Stmt) error {
			deleted.add(s.ColumnInt64(0), s.ColumnInt64(1), s.ColumnInt64(2))
			return nil
		})
	if err != nil || deleted.rows == 0 {
		return 0, err
	}
	if err := run(db, `DELETE FROM request WHERE`+where, f.values()...); err != nil {
		return 0, err
	}
	return deleted.rows, errors.Join(sumAgain(db, deleted.first/microsPerHour, deleted.last/microsPerHour),
		deleteUnusedNames(db))
}
