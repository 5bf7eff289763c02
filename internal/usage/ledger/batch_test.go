package ledger_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// TestManyRowsAreWrittenBeforeTheInterval: under load, rows do not fill the memory for a second.
func TestManyRowsAreWrittenBeforeTheInterval(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	w := ledger.Start(folder, ledger.Options{Now: func() time.Time { return noon }, Interval: time.Hour})
	t.Cleanup(func() { _ = w.Close() })
	count := func() int64 {
		r, err := ledger.Open(folder)
		if err != nil {
			return 0 // the file is not there yet
		}
		defer func() { _ = r.Close() }()
		state, _ := r.State()
		return state.Rows
	}
	const rows = 3 * ledger.BatchRows
	for range rows {
		w.Add(row(0, "alice", "opus"))
	}
	const want = rows - ledger.BatchRows + 1 // less than a batch waits for the interval
	for deadline := time.Now().Add(time.Minute); count() < want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d rows are written", count(), want)
		}
	}
}

// TestTheLogOfANewLedgerIsCutAsThatOfAnOldOne: a file is opened as it is made, or as it was found.
func TestTheLogOfANewLedgerIsCutAsThatOfAnOldOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ledger.FileName)
	for _, age := range []string{"new", "old"} {
		db, err := ledger.OpenForWriting(path)
		if err != nil {
			t.Fatal(err)
		}
		for pragma, want := range map[string]int64{"synchronous": 1, "journal_size_limit": 1 << 20} {
			if got, err := ledger.QueryInt(db, `PRAGMA `+pragma); err != nil || got != want {
				t.Errorf("%s: PRAGMA %s is %d, want %d; %v", age, pragma, got, want, err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
