package repo_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/secret/repo/patch"
	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
)

// operations are all that this package asks git for.
func operations(r *repo.Repo) map[string]func(context.Context) error {
	none := func(patch.Addition) error { return nil }
	return map[string]func(context.Context) error{
		"open":    func(ctx context.Context) error { _, err := repo.Open(ctx, r.Top); return err },
		"files":   func(ctx context.Context) error { _, err := r.Files(ctx); return err },
		"tracked": func(ctx context.Context) error { _, err := r.TrackedFiles(ctx); return err },
		"changed": func(ctx context.Context) error { _, err := r.ChangedFiles(ctx); return err },
		"ignored": func(ctx context.Context) error { _, err := r.IgnoredPaths(ctx, []string{"x"}); return err },
		"hooks":   func(ctx context.Context) error { _, err := r.Hooks(ctx); return err },
		"partial": func(ctx context.Context) error { _, err := r.IsPartial(ctx); return err },
		"blob":    func(ctx context.Context) error { _, _ = r.StagedContent(ctx, "key.pem"); return nil }, // it is missing
		"staged":  func(ctx context.Context) error { _, err := r.StagedChanges(ctx, none); return err },
		"range":   func(ctx context.Context) error { _, _ = r.RangeChanges(ctx, "HEAD", none); return nil },
		"history": func(ctx context.Context) error {
			tips, err := r.Tips(ctx)
			_, _ = r.LogChanges(ctx, tips, nil, none)
			return err
		},
	}
}

func TestNoGitCommandExecutesWhatARepositoryOrAVariableNames(t *testing.T) {
	h := repotest.NewHostile(t)
	for _, v := range h.Variables() {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	for _, words := range []string{"status", "diff", "diff --staged", "log -p HEAD", "log -1",
		"cat-file -e HEAD:key.pem"} {
		plain := exec.Command("git", strings.Fields(words)...)
		plain.Dir, plain.Env = h.Dir, os.Environ()
		_ = plain.Run()
		if len(h.Fired()) == 0 {
			t.Errorf("a plain git %s touches no tripwire: this test shows nothing", words)
		}
	}
	r := openRepo(t, h.Dir)
	for name, operation := range operations(r) {
		if err := operation(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if fired := h.Fired(); len(fired) > 0 {
			t.Errorf("%s executed %q", name, fired)
		}
	}
}

// GIT_DIR and its like would make git look at another repository than the one
// that the folder is in. The index that git gives to a hook is the exception.
func TestVariablesThatRedirectGitAreNotFollowed(t *testing.T) {
	other, g := repotest.New(t), repotest.New(t)
	other.Commit("other.txt", "other\n")
	g.Commit("mine.txt", "mine\n")
	g.Write("staged.txt", "staged\n")
	g.Git("add", "staged.txt")
	index := filepath.Join(g.Dir, ".git", "index")
	elsewhere := filepath.Join(t.TempDir(), "index")
	if err := os.Rename(index, elsewhere); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"GIT_DIR": filepath.Join(other.Dir, ".git"), "GIT_WORK_TREE": other.Dir,
		"GIT_COMMON_DIR":       filepath.Join(other.Dir, ".git"),
		"GIT_OBJECT_DIRECTORY": filepath.Join(other.Dir, ".git", "objects"), "GIT_NAMESPACE": "x",
		"GIT_SHALLOW_FILE": "/dev/null", "GIT_INDEX_FILE": elsewhere,
	} {
		t.Setenv(name, value)
	}
	r := openRepo(t, g.Dir)
	files, err := r.TrackedFiles(t.Context())
	if err != nil || r.Top != g.Dir {
		t.Fatal(r.Top, err)
	}
	wantEqual(t, files, "mine.txt", "staged.txt")
	lines, _ := history(t, r)
	wantEqual(t, lines, "mine.txt:1:mine")
}

// A name of a filter may hold all that ends a setting on a command line.
func TestNoNameOfAFilterKeepsItOn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain", "a=b", "a.b", "a=b.clean=c", "UPPER"} {
		g := repotest.New(t)
		fired := filepath.Join(t.TempDir(), "fired")
		g.Git("config", "filter."+name+".clean", "touch "+fired+"; cat")
		g.Git("config", "filter."+name+".required", "true")
		g.Write(".git/info/attributes", "a.txt filter="+name+"\n")
		g.Commit("a.txt", "one\n")
		if err := os.Remove(fired); err != nil {
			t.Fatalf("%s: the filter does not run: %v", name, err)
		}
		g.Write("a.txt", "two\n")
		changed, err := openRepo(t, g.Dir).ChangedFiles(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wantEqual(t, changed, "a.txt")
		if _, err := os.Lstat(fired); err == nil {
			t.Errorf("%s was executed", name)
		}
	}
}
