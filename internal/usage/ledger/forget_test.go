package ledger_test

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// TestASpanWithinAChunkIsForgotten has spans that begin and end with rows of a chunk, and one that begins with its
// last one.
func TestASpanWithinAChunkIsForgotten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		since, until int // in hours
		kept         []int
	}{
		"the middle":    {1, 3, []int{0, 3, 4}},
		"the first one": {0, 1, []int{1, 2, 3, 4}},
		"the last one":  {4, 5, []int{0, 1, 2, 3}},
		"none":          {5, 6, []int{0, 1, 2, 3, 4}},
		"all":           {0, 5, nil},
	} {
		folder := t.TempDir()
		at := func(hours int) time.Duration { return time.Duration(hours) * time.Hour }
		write(t, folder, ledger.Options{}, row(at(0), "a", "opus"), row(at(1), "a", "opus"), row(at(2), "a", "opus"),
			row(at(3), "a", "opus"), row(at(4), "a", "opus"))
		deleted, err := ledger.Forget(folder, ledger.Filter{Since: noon.Add(at(c.since)), Until: noon.Add(at(c.until))})
		var kept []int
		for _, r := range all(t, folder) {
			kept = append(kept, int(r.Time.Sub(noon).Hours()))
		}
		if err != nil || int(deleted) != 5-len(c.kept) || !slices.Equal(kept, c.kept) {
			t.Errorf("%s: %d deleted, %v; kept %v", name, deleted, err, kept)
		}
		state, err := open(t, folder).State()
		if err != nil || int(state.Rows) != len(c.kept) {
			t.Errorf("%s: %+v, %v", name, state, err)
		}
	}
}

// TestANameThatIsStillUsedStays has a client whose name is older than the one of the row before it.
func TestANameThatIsStillUsedStays(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder, ledger.Options{}, row(0, "early", "opus"), row(time.Hour, "late", "opus"),
		row(2*time.Hour, "early", "opus"))
	if deleted, err := ledger.Forget(folder, ledger.Filter{Until: noon.Add(time.Minute)}); err != nil || deleted != 1 {
		t.Fatalf("%d deleted, %v", deleted, err)
	}
	if rows := all(t, folder); len(rows) != 2 || rows[0].Client != "late" || rows[1].Client != "early" ||
		rows[1].Session != "session-early" {
		t.Errorf("%+v", rows)
	}
}

// TestNamesOfRowsThatAreTooOldGoWithThem: each session has a name of its own.
func TestNamesOfRowsThatAreTooOldGoWithThem(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder, ledger.Options{}, row(0, "early", "opus"), row(30*24*time.Hour, "late", "opus"))
	write(t, folder, ledger.Options{Days: 30, Now: func() time.Time { return noon.AddDate(0, 0, 31) }})
	db, err := ledger.OpenForWriting(ledger.File(folder))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for text, want := range map[string]int64{"early": 0, "late": 2} {
		if n, err := ledger.QueryInt(db, `SELECT count(*) FROM name WHERE text LIKE '%`+text+`'`); err != nil || n != want {
			t.Errorf("%d names of %s, %v", n, text, err)
		}
	}
}

// TestWhatIsForgottenIsInNoFileWhileTheRouterRuns has another connection, which keeps the log of SQLite.
func TestWhatIsForgottenIsInNoFileWhileTheRouterRuns(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := ledger.File(folder)
	db, err := ledger.OpenForWriting(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	write(t, folder, ledger.Options{}, row(0, "canary", "opus"), row(0, "bob", "opus"))
	holds := func() (holds bool) {
		for _, part := range []string{"", "-wal"} {
			data, err := os.ReadFile(path + part)
			if err != nil {
				t.Fatal(err)
			}
			holds = holds || bytes.Contains(data, []byte("canary"))
		}
		return holds
	}
	if !holds() {
		t.Fatal("the name is not there before")
	}
	if deleted, err := ledger.Forget(folder, ledger.Filter{Client: "canary"}); err != nil || deleted != 1 {
		t.Fatalf("%d deleted, %v", deleted, err)
	}
	if holds() {
		t.Error("the name is still there")
	}
}
