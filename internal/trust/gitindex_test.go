package trust_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
	"github.com/flowgate-go/flowgate/internal/trust"
)

func TestStateThatGitTracksIsFoundInEveryKindOfRepository(t *testing.T) {
	t.Parallel()
	for name, arrange := range map[string][][]string{
		"version 2":     {{"update-index", "--index-version=2"}},
		"version 4":     {{"update-index", "--index-version=4"}},
		"split":         {{"update-index", "--split-index"}},
		"intent to add": {{"rm", "-q", "--cached", ".router/state"}, {"add", "-N", "-f", ".router/state"}},
	} {
		g := repotest.New(t)
		root := filepath.Join(g.Dir, ".router")
		for _, file := range []string{"a/long/name/that/is/shared", "a/long/name/that/is/shared.too", ".router/state", "zz"} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(g.Dir, file)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(g.Dir, file), []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		g.Git("add", "-f", "a", "zz")
		for _, args := range arrange[:1] {
			if name != "intent to add" {
				g.Git(args...)
			}
		}
		if err := trust.CheckUntracked(root); err != nil {
			t.Errorf("%s: nothing of it is tracked: %v", name, err)
		}
		g.Git("add", "-f", ".router/state")
		for _, args := range arrange {
			g.Git(args...)
		}
		if err := trust.CheckUntracked(root); err == nil || fault.From(err).Code != "state-untrusted" {
			t.Errorf("%s: %v", name, err)
		}
		if err := trust.CheckUntracked(filepath.Join(g.Dir, ".rout")); err != nil {
			t.Errorf("%s: a name that begins alike: %v", name, err)
		}
	}
}

// TestStateIsTrackedWhateverTheCaseOfItsName: where a file system takes both for
// one, a commit of .Router brings .router along.
func TestStateIsTrackedWhateverTheCaseOfItsName(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	file := filepath.Join(g.Dir, ".Router", "State")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	g.Git("add", "-f", ".Router")
	for _, path := range []string{".router", ".router/state", ".ROUTER/STATE"} {
		if err := trust.CheckUntracked(filepath.Join(g.Dir, path)); err == nil || fault.From(err).Code != "state-untrusted" {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAnIndexThatCannotBeReadIsNotTakenForAnEmptyOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".git", "index"), []byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x01"),
		0o600); err != nil {
		t.Fatal(err)
	}
	if err := trust.CheckUntracked(filepath.Join(dir, ".router")); err == nil {
		t.Error("a cut index is believed")
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x00"))
	f.Add(append([]byte("DIRC\x00\x00\x00\x04\x00\x00\x00\x01"), make([]byte, 80)...))
	entry := append(make([]byte, 60), 0, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 0, 0)
	f.Add(append([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x01"), entry...))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, size := range []int{20, 32} {
			if names, err := trust.IndexNames(data, size); err == nil && len(names) > len(data) {
				t.Errorf("%d names in %d bytes", len(names), len(data))
			}
		}
	})
}
