package suppress_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/scan"
	"github.com/flowgate-go/flowgate/internal/secret/suppress"
)

func TestABaselineIsReadOrRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "base.json")
	f := scan.Finding{Rule: "r", File: "f", Line: 3}
	if err := suppress.WriteBaseline(file, []scan.Finding{f}); err != nil {
		t.Fatal(err)
	}
	b, err := suppress.ReadBaseline(file)
	if err != nil || !b.Has(f) || b.Has(scan.Finding{Rule: "r", File: "f", Line: 4}) {
		t.Fatal(b, err)
	}
	for _, bad := range []string{"", "{}", "[1]", "null", `[{"RuleID":"x"}]`, "[", "[{}]"} {
		if _, err := suppress.ParseBaseline([]byte(bad)); !errors.Is(err, suppress.ErrBaseline) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzABaselineIsReadOrRefused(f *testing.F) {
	f.Add([]byte(`[{"RuleID":"a","File":"b","StartLine":1,"Commit":""}]`))
	f.Add([]byte("# a comment\na:b:1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if base, err := suppress.ParseBaseline(b); (err == nil) != (base != nil) {
			t.Fatal(base, err)
		}
		_ = suppress.ParseIgnore(b)
	})
}
