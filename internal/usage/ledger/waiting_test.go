package ledger_test

import (
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// TestARowThatIsLikeTheLastAllocatesNothing is not parallel: it counts what the whole process allocates.
func TestARowThatIsLikeTheLastAllocatesNothing(t *testing.T) {
	w := ledger.Start(t.TempDir(), ledger.Options{Interval: time.Hour})
	defer func() { _ = w.Close() }()
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
