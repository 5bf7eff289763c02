package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// sumColumns are the sums of rows of request, in the order of the table hour; batch.sum counts
// in the same way.
const sumColumns = `count(*), sum(class <> 0 OR status >= 400),
 sum(told = 0 AND deployment <> 0 AND class = 0 AND status < 400), sum(input + output > 0 AND cost IS NULL),
 sum(input), sum(cached), sum(cache_write), sum(output), sum(reasoning), total(cost),
 sum(duration), sum(first_byte), sum(first_byte > 0)`

// unusedNames deletes the names that no row has any more.
const unusedNames = `DELETE FROM name WHERE id <> 0 AND id NOT IN (
 SELECT client FROM request UNION SELECT user_agent FROM request UNION SELECT session FROM request UNION
 SELECT agent FROM request UNION SELECT route FROM request UNION SELECT requested FROM request UNION
 SELECT model_group FROM request UNION SELECT fallback FROM request UNION SELECT deployment FROM request UNION
 SELECT provider FROM request UNION SELECT host FROM request UNION SELECT model FROM request UNION
 SELECT account FROM request UNION SELECT class FROM request)`

// sumAgain makes the sums of some hours anew from their rows. It is called in a transaction.
func sumAgain(db *sqlite3.Conn, from, to int64) error {
	if err := run(db, `DELETE FROM hour WHERE hour BETWEEN ? AND ?`, from, to); err != nil {
		return err
	}
	return run(db, `INSERT INTO hour SELECT start / 3600000000 AS h, client, session, account, deployment, model, `+
		sumColumns+` FROM request WHERE start >= ?1 * 3600000000 AND start < (?2 + 1) * 3600000000
 GROUP BY h, client, session, account, deployment, model`, from, to)
}

// run runs a statement with numbers and texts.
func run(db *sqlite3.Conn, sql string, values ...any) error {
	s, _, err := db.Prepare(sql)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return errors.Join(bind(s, values), s.Exec())
}

// bind binds numbers and texts to a statement.
func bind(s *sqlite3.Stmt, values []any) error {
	var err error
	for i, value := range values {
		switch v := value.(type) {
		case int64:
			err = errors.Join(err, s.BindInt64(i+1, v))
		case string:
			err = errors.Join(err, s.BindText(i+1, v))
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
	if err != nil {
		w.opts.Logger.Warn("old rows of the usage ledger could not be deleted", "file", w.path, "error", err.Error())
	}
}

// findCut returns the time, in microseconds, before which rows are to be deleted; 0: none are.
func (w *Writer) findCut(now time.Time) (int64, error) {
	oldest, err := queryInt(w.db, `SELECT coalesce(min(start), 0) FROM request`)
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
		return queryInt(w.db, `SELECT start FROM request ORDER BY start LIMIT 1
 OFFSET (SELECT count(*) / 10 + 1 FROM request)`)
	}
	limit := now.AddDate(0, 0, -w.opts.Days).UnixMicro()
	if oldest >= limit || w.agePruned.Sub(now).Abs() < pruneAgain {
		return 0, nil
	}
	w.agePruned = now
	return min(limit, oldest+maxPruned.Microseconds()), nil
}

// deleteBefore deletes the rows that began before a time, in microseconds.
func (w *Writer) deleteBefore(cut int64) error {
	err := inTransaction(w.db, func() error {
		hour := cut / microsPerHour
		return errors.Join(run(w.db, `DELETE FROM request WHERE start < ?`, cut),
			run(w.db, `DELETE FROM hour WHERE hour < ?`, hour), run(w.db, `DELETE FROM gap WHERE stop < ?`, cut),
			sumAgain(w.db, hour, hour), w.db.Exec(unusedNames))
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
	s, _, err := db.Prepare(`SELECT coalesce(min(start), 0), coalesce(max(start), 0) FROM request WHERE` + where)
	if err != nil {
		return 0, err
	}
	defer func() { _ = s.Close() }()
	if err := bind(s, f.values()); err != nil {
		return 0, err
	}
	if !s.Step() {
		return 0, s.Err()
	}
	first, last := s.ColumnInt64(0)/microsPerHour, s.ColumnInt64(1)/microsPerHour
	if err := s.Reset(); err != nil {
		return 0, err
	}
	if err := run(db, `DELETE FROM request WHERE`+where, f.values()...); err != nil {
		return 0, err
	}
	rows = db.Changes()
	return rows, errors.Join(sumAgain(db, first, last), db.Exec(unusedNames))
}
