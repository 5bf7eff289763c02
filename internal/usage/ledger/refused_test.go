package ledger_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/sourcegraph/conc/pool"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// TestABatchThatFailsWhileRowsOverflowLosesTheOldest has a batch wait in the middle while as many rows
// come as may wait, and then fail. Its row is then one too many, and told as a gap; the others keep what they have,
// also a name whose id the failure took back.
func TestABatchThatFailsWhileRowsOverflowLosesTheOldest(t *testing.T) {
	t.Parallel()
	folder, c, log := t.TempDir(), &clock{now: noon}, &buffer{}
	began, goOn := make(chan struct{}), make(chan struct{})
	begin := sync.OnceFunc(func() { close(began); <-goOn })
	redact := func(text string) string {
		if text == "second" {
			begin()
		}
		return text
	}
	w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond, Now: c.Now, Redact: redact,
		Logger: slog.New(slog.NewTextHandler(log, nil))})
	w.Add(row(0, "alice", "opus"))
	eventually(t, func() bool { return countRows(t, folder) == 1 })
	execute(t, folder, `CREATE TRIGGER refused BEFORE INSERT ON chunk WHEN new.first > 0 BEGIN SELECT RAISE(ABORT, 'not today'); END`)
	w.Add(row(time.Second, "second", "opus"))
	<-began
	client := func(i int) string { return []string{"second", "third"}[i%2] }
	call := func(i int) string {
		if i%5 > 0 {
			return ""
		}
		return fmt.Sprint("call-", i)
	}
	for i := range ledger.MaxPending {
		r := row(time.Duration(i+2)*time.Second, client(i), "opus")
		if r.ID = call(i); r.ID != "" {
			r.Status, r.Class = 504, "Timeout"
		}
		w.Add(r)
	}
	close(goOn)
	eventually(t, func() bool { return strings.Contains(log.String(), "cannot be written") })
	execute(t, folder, `DROP TRIGGER refused`)
	c.Set(noon.Add(6 * time.Second))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := open(t, folder)
	gaps, err := r.Gaps(ledger.Filter{})
	if err != nil || len(gaps) != 1 || gaps[0].Requests != 1 || !gaps[0].Since.Equal(noon.Add(time.Second)) ||
		!gaps[0].Until.Equal(noon.Add(time.Second)) || !strings.Contains(gaps[0].Reason, "not today") {
		t.Errorf("%+v %v", gaps, err)
	}
	rows := all(t, folder)
	if len(rows) != ledger.MaxPending+1 {
		t.Fatalf("%d rows, want %d", len(rows), ledger.MaxPending+1)
	}
	for i, got := range rows[1:] {
		if got.Client != client(i) || got.Call != call(i) || !got.Time.Equal(noon.Add(time.Duration(i+2)*time.Second)) {
			t.Fatalf("row %d is of %q at %s, call %q", i, got.Client, got.Time, got.Call)
		}
	}
}

// execute executes a statement on a ledger, as another process does.
func execute(t *testing.T, folder, sql string) {
	t.Helper()
	db, err := sqlite3.Open("file:" + filepath.Join(folder, ledger.FileName) + "?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Exec(sql); err != nil {
		t.Fatal(err)
	}
}

// TestANewLedgerIsOpenedBySeveralAtOnce has three connections begin one file: SQLite deletes the
// log that it finds beside an empty file.
func TestANewLedgerIsOpenedBySeveralAtOnce(t *testing.T) {
	t.Parallel()
	for range 30 {
		path := filepath.Join(t.TempDir(), ledger.FileName)
		group := pool.New().WithErrors()
		for range 3 {
			group.Go(func() error {
				db, err := ledger.OpenForWriting(path)
				if err == nil {
					err = db.Close()
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}
