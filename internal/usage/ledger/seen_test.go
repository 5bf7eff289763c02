package ledger_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

func TestEachClientWasSeenAtItsNewestRequest(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	other := row(4*time.Minute, "gateway", "m")
	other.UserAgent = "codex_exec/0.169.0"
	write(t, folder, ledger.Options{}, row(3*time.Minute, "codex", "m"), row(time.Minute, "codex", "m"),
		row(2*time.Minute, "gateway", "m"), other)
	got, err := open(t, folder).LastSeen()
	slices.SortFunc(got, func(a, b ledger.Seen) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.UserAgent, b.UserAgent))
	})
	want := []ledger.Seen{
		{"codex", "claude-cli/2", noon.Add(3 * time.Minute)},
		{"gateway", "claude-cli/2", noon.Add(2 * time.Minute)},
		{"gateway", "codex_exec/0.169.0", noon.Add(4 * time.Minute)},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestNobodyWasSeenByARouterThatKeepsNoLedger(t *testing.T) {
	t.Parallel()
	if got, err := open(t, t.TempDir()).LastSeen(); err != nil || len(got) > 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// BenchmarkLastSeen opens a ledger and reads who was seen, as client:list does.
func BenchmarkLastSeen(b *testing.B) {
	folder := b.TempDir()
	fill(b, folder, 100_000)
	for b.Loop() {
		r, err := ledger.Open(folder)
		if err != nil {
			b.Fatal(err)
		}
		if seen, err := r.LastSeen(); err != nil || len(seen) != 20 {
			b.Fatalf("%v, %v", seen, err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
