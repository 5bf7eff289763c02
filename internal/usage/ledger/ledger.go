// Package ledger keeps a row of each request of the router in a SQLite file, and sums of them
// by the hour. The router's process calls Start, Writer.Add for each request, and
// Writer.Close; commands call Open and ask the Reader, while the router runs or not. Forget
// deletes rows.
//
// It never keeps a part of a prompt or of a reply, and no key. A request never waits for it:
// rows are written in batches, and are dropped and counted where the file takes none.
//
// It has more than 700 lines because writing, reading and deleting share one schema.
package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// FileName is the name of the ledger in its folder.
const FileName = "requests.db"

// BatchInterval is how long a row waits at most until it is written. That much is lost when
// the router is killed.
const BatchInterval = time.Second

// Defaults of the bounds.
const (
	DefaultDays     = 90
	DefaultMaxBytes = 256 << 20
)

// The version of the schema, the first one with packed rows, and the mark of SQLite files that are ledgers.
const (
	version       = 2
	packedVersion = 2
	applicationID = 0x464c4755 // FLGU
)

// errNewer is the error for a file that a newer program has written.
var errNewer = errors.New("a newer version of the program has written the ledger")

// errForeign is the error for a SQLite file that is not a ledger.
var errForeign = errors.New("the file is not a usage ledger")

// errAbsent is the error for a ledger without tables: the router has not written it yet.
var errAbsent = errors.New("the ledger is empty")

// busyTimeout is how long a statement waits for another process's lock.
const busyTimeout = 5 * time.Second

// secured are the statements with which every connection begins: the file may have been made
// by others, so that its schema is not trusted.
const secured = `PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;`

// connect opens the file. flags are SQLite's; uri has further parameters.
func connect(path string, flags sqlite3.OpenFlag, parameters string) (*sqlite3.Conn, error) {
	if err := checkParts(path); err != nil {
		return nil, err
	}
	name := "file:" + escape(path) + "?modeof=" + escape(path) + parameters
	db, err := sqlite3.OpenFlags(name, flags|sqlite3.OPEN_URI)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(db.BusyTimeout(busyTimeout), db.Exec(secured)); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// checkParts returns an error when a file of the ledger is another kind of file: SQLite would wait for ever for
// who writes a named pipe, and follow a link.
func checkParts(path string) error {
	for _, part := range parts {
		if info, err := os.Lstat(path + part); err == nil && !info.Mode().IsRegular() {
			return &fs.PathError{Op: "open", Path: path + part, Err: safefile.ErrNotRegular}
		}
	}
	return nil
}

// escape escapes a path for a URI of SQLite.
func escape(path string) string {
	var out []byte
	for _, c := range []byte(path) {
		if c == '%' || c == '?' || c == '#' || c == '&' {
			out = fmt.Appendf(out, "%%%02x", c)
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

// checkVersion returns the version of the file, and an error when it is not a ledger of this version or an older one.
func checkVersion(db *sqlite3.Conn) (found int64, err error) {
	if err := db.Exec(`SAVEPOINT look`); err != nil { // the file may become a ledger meanwhile
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Exec(`RELEASE look`)) }()
	id, err := queryInt(db, `PRAGMA application_id`)
	if err != nil {
		return 0, err
	}
	found, err = queryInt(db, `PRAGMA user_version`)
	switch {
	case err != nil:
		return 0, err
	case id == 0 && found == 0:
		return 0, errAbsent
	case id != applicationID:
		return 0, errForeign
	case found > version:
		return 0, errNewer
	}
	return found, checkSchema(db)
}

// checkSchema returns errForeign when the file has more than the tables and indexes of the schema:
// a view in the place of a table, or a trigger, would make each reader compute what its author wants.
func checkSchema(db *sqlite3.Conn) error {
	s, _, err := db.Prepare(`SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name <> 'sqlite_sequence'`)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	for s.Step() {
		if !strings.Contains(schema+chunkSchema, s.ColumnText(0)) {
			return errForeign
		}
	}
	return s.Err()
}

// queryInt returns the number that a statement gives.
func queryInt(db *sqlite3.Conn, sql string) (int64, error) {
	s, _, err := db.Prepare(sql)
	if err != nil {
		return 0, err
	}
	defer func() { _ = s.Close() }()
	if !s.Step() {
		return 0, s.Err()
	}
	return s.ColumnInt64(0), s.Err()
}

// inTransaction runs do in a transaction, which it takes back when do fails.
func inTransaction(db *sqlite3.Conn, do func() error) error {
	if err := db.Exec(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	if err := do(); err != nil {
		_ = db.Exec(`ROLLBACK`) // after some errors SQLite has done it already
		return err
	}
	if err := db.Exec(`COMMIT`); err != nil {
		_ = db.Exec(`ROLLBACK`)
		return err
	}
	return nil
}

// isTorn reports whether err says that the file is damaged.
func isTorn(err error) bool {
	return errors.Is(err, sqlite3.CORRUPT) || errors.Is(err, sqlite3.NOTADB)
}

// parts are the endings of the files that a ledger consists of.
var parts = [...]string{"", "-wal", "-shm"}

// makePrivate creates the files that are not there, so that they are 0600 from the first byte. SQLite itself makes the
// log with the mode of the file: whoever opens an empty file deletes a log beside it, and who comes second would be
// told of a disk that fails.
func makePrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := checkParts(path); err != nil {
		return err
	}
	for _, part := range [...]string{"", "-shm"} {
		f, err := os.OpenFile(path+part, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// explain returns err as a fault for people.
func explain(path string, err error) error {
	switch {
	case err == nil || errors.Is(err, errAbsent):
		return nil
	case errors.Is(err, errNewer), errors.Is(err, errForeign):
		return fault.New("usage-ledger-newer", "the usage ledger %s cannot be used: %w", path, err).
			WithHint("use the newer program, or move the file away: the router begins a new one")
	case errors.Is(err, errPacked):
		return fault.New("usage-ledger-torn", "the usage ledger %s is damaged: %w", path, err).
			WithHint("move the file away while the router does not run: it begins a new one")
	case isTorn(err):
		return fault.New("usage-ledger-torn", "the usage ledger %s is damaged: %w", path, err).
			WithHint("restart the router: it sets the file aside under another name and begins a new one")
	}
	return fault.New("usage-ledger-unusable", "the usage ledger %s cannot be used: %w", path, err).
		WithHint("look at the file's owner and mode, and at the space on its disk")
}

// File returns the path of the ledger in a folder.
func File(folder string) string { return filepath.Join(folder, FileName) }
