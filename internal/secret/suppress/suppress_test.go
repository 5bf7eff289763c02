package suppress_test

import (
	"errors"
	"os"
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

func TestOnlyABaselineIsReplacedByOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source, empty, link := filepath.Join(dir, "main.go"), filepath.Join(dir, "empty"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(source, []byte("package main\n"), 0o600), os.WriteFile(empty, nil, 0o600),
		os.Symlink(source, link)); err != nil {
		t.Fatal(err)
	}
	for path, ok := range map[string]bool{source: false, link: false, empty: true, filepath.Join(dir, "new"): true} {
		for range 2 {
			if err := suppress.WriteBaseline(path, nil); (err == nil) != ok {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if b, _ := os.ReadFile(source); string(b) != "package main\n" {
		t.Errorf("%q", b)
	}
}
