package ledger

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// schema makes the tables of an empty file, as version 1 had them; chunkSchema what version 2 has besides.
var (
	//go:embed schema.sql
	schema string
	//go:embed chunk.sql
	chunkSchema string
)

// openForWriting opens the ledger, and makes it when it is not there.
func openForWriting(path string) (*sqlite3.Conn, error) {
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	db, err := connect(path, sqlite3.OPEN_READWRITE, "")
	if err != nil {
		return nil, err
	}
	if err := prepare(db); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// prepare makes the tables where there are none. NORMAL syncs the file at checkpoints only:
// what a killed process wrote is there, and a power cut cannot tear the file.
func prepare(db *sqlite3.Conn) error {
	found, err := checkVersion(db)
	switch {
	case errors.Is(err, errAbsent):
		err = makeTables(db)
	case err == nil && found < packedVersion:
		err = addChunks(db)
	}
	if err != nil {
		return err
	}
	return db.Exec(`PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=1048576`)
}

// makeTables makes the tables of an empty file.
func makeTables(db *sqlite3.Conn) error {
	if err := beginLog(db); err != nil {
		return err
	}
	return inTransaction(db, func() error {
		if _, err := checkVersion(db); !errors.Is(err, errAbsent) {
			return err // another process was faster
		}
		return db.Exec(schema + chunkSchema +
			fmt.Sprintf(`PRAGMA application_id=%d; PRAGMA user_version=%d`, applicationID, version))
	})
}

// busyPause is the time between two attempts to begin a log.
const busyPause = 10 * time.Millisecond

// beginLog makes an empty file one with a write-ahead log. SQLite does not always wait for others who use the file
// meanwhile, whatever its busy timeout is.
func beginLog(db *sqlite3.Conn) error {
	for deadline := time.Now().Add(busyTimeout); ; time.Sleep(busyPause) {
		err := db.Exec(`PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL`)
		if !errors.Is(err, sqlite3.BUSY) || time.Now().After(deadline) {
			return err
		}
	}
}

// addChunks makes a ledger of version 1 one of this version. Its rows stay where they are until they are too old.
func addChunks(db *sqlite3.Conn) error {
	return inTransaction(db, func() error {
		if found, err := checkVersion(db); err != nil || found >= packedVersion {
			return err // another process was faster
		}
		return db.Exec(chunkSchema + fmt.Sprintf(`PRAGMA user_version=%d`, version))
	})
}

// setAside renames a damaged ledger and what belongs to it, and returns the new name.
func setAside(path string, now time.Time) (string, error) {
	aside := path + ".torn-" + now.UTC().Format("20060102T150405")
	for i := 1; ; i++ {
		if _, err := os.Lstat(aside); errors.Is(err, os.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s.torn-%s-%d", path, now.UTC().Format("20060102T150405"), i)
	}
	for _, part := range parts {
		if err := os.Rename(path+part, aside+part); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return aside, nil
}
