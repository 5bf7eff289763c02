package ledger_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// TestARowThatIsLikeTheLastAllocatesNothing is not parallel: it counts what the whole process allocates.
func TestARowThatIsLikeTheLastAllocatesNothing(t *testing.T) {
	w := ledger.MakeIdle()
	r := row(0, "alice", "opus")
	if objects := testing.AllocsPerRun(500, func() { w.Add(r) }); objects > 0 {
		t.Errorf("%v objects", objects)
	}
}

func TestRowsOfTwoSessionsInTurnsKeepTheirTexts(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	w := ledger.Start(folder, ledger.Options{})
	for i := range 300 {
		w.Add(row(time.Duration(i)*time.Second, []string{"alice", "bob"}[i%2], []string{"opus", "gpt", "mini"}[i%3]))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rows := all(t, folder)
	if len(rows) != 300 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, r := range rows {
		client, model := []string{"alice", "bob"}[i%2], []string{"opus", "gpt", "mini"}[i%3]
		if r.Client != client || r.Session != "session-"+client || r.Model != model || r.Deployment != "d-"+model {
			t.Fatalf("row %d: %+v", i, r)
		}
	}
}

// TestRowsOfManyBatchesShareChunks writes rows one by one: they are in few chunks, each of them stays where it was read
// once, and another process that deletes some in between loses none of the others.
func TestRowsOfManyBatchesShareChunks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond})
	const n = 300
	for i := range n {
		w.Add(row(time.Duration(i)*time.Second, []string{"alice", "bob"}[i%2], "opus"))
		gone := i / 200 * 100 // those of bob that were forgotten
		eventually(t, func() bool { return countRows(t, folder) == int64(i+1-gone) })
		if i == 199 {
			if deleted, err := ledger.Forget(folder, ledger.Filter{Client: "bob"}); err != nil || deleted != 100 {
				t.Fatal(deleted, err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for i, r := range all(t, folder) {
		if want := int64(2*i + 1); i < 100 && r.ID != want || i >= 100 && r.ID != int64(i+101) {
			t.Fatalf("row %d is %+v", i, r)
		}
	}
	if chunks := countChunks(t, folder); chunks > 3 {
		t.Errorf("%d chunks of %d rows", chunks, n)
	}
	compareSums(t, folder, rand.New(rand.NewPCG(3, 4)))
	write(t, folder, ledger.Options{}, row(0, "carol", "opus"))
	if rows := all(t, folder); rows[len(rows)-1].ID != n+1 {
		t.Errorf("the next row is %+v", rows[len(rows)-1])
	}
}

// countChunks returns how many chunks a folder has.
func countChunks(t *testing.T, folder string) int64 {
	t.Helper()
	db, err := ledger.OpenForWriting(filepath.Join(folder, ledger.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	n, err := ledger.QueryInt(db, `SELECT count(*) FROM chunk`)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
