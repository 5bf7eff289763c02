package ledger

import (
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

// Reader reads a ledger, also while the router writes it. It is used by one goroutine.
type Reader struct {
	path  string
	db    *sqlite3.Conn // nil for a ledger that is not there yet
	store store
}

// maxValue is how long a value of a ledger that is read may be, in bytes. Rows that are packed together take 100 kB at
// most; a file of others may have texts that fill the memory.
const maxValue = 4 << 20

// Open opens the ledger in a folder; a folder without one gives a Reader without rows. It
// writes nothing there, unless a killed router has left its log behind. Faults:
// usage-ledger-newer, usage-ledger-torn, usage-ledger-unusable.
func Open(folder string) (*Reader, error) { return OpenFile(File(folder)) }

// OpenFile is Open for the ledger at a path.
func OpenFile(path string) (*Reader, error) {
	r := &Reader{path: path}
	if _, err := os.Stat(r.path); errors.Is(err, os.ErrNotExist) {
		return r, nil
	}
	parameters := ""
	if _, err := os.Stat(r.path + "-wal"); errors.Is(err, os.ErrNotExist) { // nobody writes it
		parameters = "&immutable=1"
	}
	db, err := connect(r.path, sqlite3.OPEN_READONLY, parameters)
	if err != nil {
		return nil, explain(r.path, err)
	}
	db.Limit(sqlite3.LIMIT_LENGTH, maxValue)
	found, err := checkVersion(db)
	if err != nil {
		_ = db.Close()
		return r, explain(r.path, err)
	}
	r.db, r.store = db, store{db, found >= packedVersion}
	return r, nil
}

// Close closes the ledger.
func (r *Reader) Close() error {
	if r.db == nil {
		return nil
	}
	return r.db.Close()
}

// Exists reports whether the router has begun the ledger.
func (r *Reader) Exists() bool { return r.db != nil }

// each runs a query and calls row for each row of its result.
func (r *Reader) each(sql string, values []any, row func(*sqlite3.Stmt) error) error {
	if r.db == nil {
		return nil
	}
	return r.explainButFor(func(do *caller) error {
		return query(r.db, sql, values, func(s *sqlite3.Stmt) error { return do.keep(row(s)) })
	})
}

// caller keeps the error of a function that was handed in: it says nothing of the ledger.
type caller struct{ err error }

// keep keeps the error, and returns it.
func (c *caller) keep(err error) error { c.err = err; return err }

// explainButFor returns the error of a function as a fault for people, but one that the caller has kept as it is.
func (r *Reader) explainButFor(read func(*caller) error) error {
	var c caller
	err := read(&c)
	if c.err != nil {
		return c.err
	}
	return explain(r.path, err)
}

// Gap is a span of time in which requests were not written, or rows were dropped.
type Gap struct {
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	Requests int64     `json:"requests"` // that have no row
	Reason   string    `json:"reason"`
}

// Gaps returns the gaps in a span of time, the oldest first.
func (r *Reader) Gaps(f Filter) ([]Gap, error) {
	all := []Gap{}
	err := r.each(`SELECT start, stop, requests, reason FROM gap WHERE stop >= ?1 AND start < ?2 ORDER BY start`,
		f.values()[:2], func(s *sqlite3.Stmt) error {
			all = append(all, Gap{fromMicros(s.ColumnInt64(0)), fromMicros(s.ColumnInt64(1)), s.ColumnInt64(2), s.ColumnText(3)})
			return nil
		})
	return all, err
}

// fromMicros returns the time that is so many microseconds after 1970.
func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// Quota returns the newest windows that replies have told, without those that have ended.
func (r *Reader) Quota(now time.Time) ([]quota.Seen, error) {
	all := []quota.Seen{}
	err := r.each(`SELECT seen FROM quota`, nil, func(s *sqlite3.Stmt) error {
		var seen quota.Seen
		if err := json.Unmarshal([]byte(s.ColumnText(0)), &seen); err == nil && !seen.HasEnded(now) {
			all = append(all, seen)
		}
		return nil
	})
	quota.Sort(all)
	return all, err
}

// State is what doctor asks of a ledger.
type State struct {
	Rows   int64
	Newest time.Time // zero without rows
	Oldest time.Time // zero without rows
}

// oldest returns the earliest start of a row, in microseconds; 0 without rows.
func (s store) oldest() (int64, error) {
	return s.queryInt(`SELECT coalesce(min(start), 0) FROM request`,
		`SELECT coalesce(min(start), 0) FROM
 (SELECT min(start) AS start FROM request UNION ALL SELECT min(first) FROM chunk)`)
}

// newest returns the latest start of a row, in microseconds; 0 without rows.
func (s store) newest() (int64, error) {
	return s.queryInt(`SELECT coalesce(max(start), 0) FROM request`,
		`SELECT max((SELECT coalesce(max(start), 0) FROM request), (SELECT coalesce(max(last), 0) FROM chunk))`)
}

// queryInt returns the number that a statement gives: the second one where there are packed rows.
func (s store) queryInt(unpacked, packed string) (int64, error) {
	if s.hasChunks {
		return queryInt(s.db, packed)
	}
	return queryInt(s.db, unpacked)
}

// State returns how many rows there are, and of what time.
func (r *Reader) State() (state State, err error) {
	if r.db == nil {
		return state, nil
	}
	rows, err := queryInt(r.db, `SELECT coalesce(sum(requests), 0) FROM hour`)
	if err != nil || rows == 0 {
		return state, explain(r.path, err)
	}
	oldest, err := r.store.oldest()
	if err != nil {
		return state, explain(r.path, err)
	}
	newest, err := r.store.newest()
	return State{rows, fromMicros(newest), fromMicros(oldest)}, explain(r.path, err)
}
