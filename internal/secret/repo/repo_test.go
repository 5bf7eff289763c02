package repo_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/secret/repo/patch"
	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
)

func openRepo(t *testing.T, dir string) *repo.Repo {
	t.Helper()
	r, err := repo.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func collectAll(t *testing.T, log func(ctx context.Context, yield func(patch.Addition) error) (patch.Counts,
	error)) (lines []string, counts patch.Counts) {
	t.Helper()
	counts, err := log(t.Context(), func(a patch.Addition) error {
		if a.Kind != patch.AddedLines {
			return nil
		}
		for i, l := range strings.Split(strings.TrimSuffix(a.Text, "\n"), "\n") {
			lines = append(lines, a.Path+":"+string(rune('0'+a.Line+i))+":"+l)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines, counts
}

func history(t *testing.T, r *repo.Repo) ([]string, patch.Counts) {
	t.Helper()
	tips, err := r.Tips(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return collectAll(t, func(ctx context.Context, yield func(patch.Addition) error) (patch.Counts, error) {
		return r.LogChanges(ctx, tips, nil, yield)
	})
}

func wantEqual(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("got  %q\nwant %q", got, want)
	}
}

func TestALogHasWhatEveryCommitAddsMergesStashesAndForgottenOnesIncluded(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	g.Commit("a.txt", "one\n")
	g.Git("checkout", "-q", "-b", "side")
	g.Commit("b.txt", "side\n")
	g.Git("checkout", "-q", "main")
	g.Commit("a.txt", "one\ntwo")
	g.Git("merge", "-q", "--no-ff", "--no-commit", "side")
	g.Write("a.txt", "one\ntwo\nmerged\n") // in neither parent
	g.Git("add", ".")
	g.Git("commit", "-q", "-m", "merge")
	g.Write("a.txt", "one\ntwo\nmerged\nstashed\n")
	g.Git("stash", "-q")
	g.Git("stash", "drop", "-q")
	g.Git("checkout", "-q", "-b", "gone")
	g.Commit("gone.txt", "gone\n")
	g.Git("checkout", "-q", "main")
	g.Git("branch", "-q", "-D", "gone")
	g.Git("reflog", "expire", "--expire=now", "--all")
	lines, counts := history(t, openRepo(t, g.Dir))
	wantEqual(t, lines, "a.txt:1:one", "b.txt:1:side", "a.txt:2:two", "a.txt:2:two", "a.txt:3:merged", "a.txt:4:stashed",
		"gone.txt:1:gone")
	if counts.Commits != 7 { // one, side, two, merge, gone, the stash and its index
		t.Fatalf("%+v", counts)
	}
}

func TestAStashThatTakesTheEndOffAFileIsRead(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	g.Commit("a.txt", "one\ntwo\n")
	g.Write("a.txt", "one\n")
	g.Git("stash", "-q")
	g.Write("a.txt", "one\ntwo\nthree\n")
	g.Git("stash", "-q")
	lines, _ := history(t, openRepo(t, g.Dir))
	wantEqual(t, lines, "a.txt:1:one", "a.txt:2:two", "a.txt:3:three")
}

func TestNamesWithNewlinesQuotesAndSpacesComeBackAsTheyAre(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	names := []string{"a\nb.txt", `q"uote.txt`, "sp ace.txt", "tab\t.txt", "ünï.txt", "-dash", "b\\s"}
	for _, n := range names {
		g.Write(n, "x\n")
	}
	g.Git("add", ".")
	r := openRepo(t, g.Dir)
	var seen []string
	if _, err := r.StagedChanges(t.Context(), func(a patch.Addition) error {
		seen = append(seen,
			a.Path)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(seen)
	wantEqual(t, seen, names...)
	files, err := r.Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	wantEqual(t, files, names...)
}

func TestASettingOfTheUsersChangesNothing(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	for _, s := range [][2]string{
		{"diff.noprefix", "true"}, {"diff.mnemonicPrefix", "true"}, {"color.ui", "always"}, {"diff.external", "false"},
		{"log.showRoot", "false"},
		{"core.quotePath", "false"}, {"log.date", "relative"}, {"format.pretty", "raw"}, {"log.showSignature", "true"},
		{"diff.context", "9"},
	} {
		g.Git("config", s[0], s[1])
	}
	g.Commit("ü.txt", "one\n")
	g.Commit("ü.txt", "one\n++ two\n-- three\n@@ -1 +1 @@\ndiff --git a/x b/x\n\\ no\n")
	lines, _ := history(t, openRepo(t, g.Dir))
	wantEqual(t, lines, "ü.txt:1:one", "ü.txt:2:++ two", "ü.txt:3:-- three", "ü.txt:4:@@ -1 +1 @@",
		"ü.txt:5:diff --git a/x b/x", "ü.txt:6:\\ no")
}

func TestARangeIsCheckedBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	g.Commit("a.txt", "one\n")
	g.Commit("a.txt", "one\ntwo\n")
	r := openRepo(t, g.Dir)
	in := func(revisions string) func(ctx context.Context, yield func(patch.Addition) error) (patch.Counts, error) {
		return func(ctx context.Context, yield func(patch.Addition) error) (patch.Counts, error) {
			return r.RangeChanges(ctx, revisions, yield)
		}
	}
	lines, _ := collectAll(t, in("HEAD~1..HEAD"))
	wantEqual(t, lines, "a.txt:2:two")
	for _, bad := range []string{"nosuch..HEAD", "--output=x", "HEAD --all"} {
		if _, err := in(bad)(t.Context(), func(patch.Addition) error { return nil }); !errors.Is(err, repo.ErrRevision) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestFilesAreThoseThatGitWouldTakeInSubmodulesToo(t *testing.T) {
	t.Parallel()
	inner := repotest.New(t)
	inner.Commit("deep.txt", "x\n")
	g := repotest.New(t)
	g.Commit(".gitignore", "ignored\n")
	g.Write("ignored", "x")
	g.Write("new", "x")
	g.Git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.Dir, "sub")
	files, err := openRepo(t, g.Dir).Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	wantEqual(t, files, ".gitignore", ".gitmodules", "new", "sub/deep.txt")
}

func TestAFolderThatIsNotARepositoryIsReported(t *testing.T) {
	t.Parallel()
	if _, err := repo.Open(t.Context(), t.TempDir()); !errors.Is(err, repo.ErrNoRepository) {
		t.Fatal(err)
	}
	bare := filepath.Join(t.TempDir(), "b.git")
	if out, err := exec.Command("git", "init", "-q", "--bare", bare).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if r := openRepo(t, bare); !r.Bare {
		t.Fatalf("%+v", r)
	}
}

func TestAShallowCloneSaysSo(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	g.Commit("a", "1\n")
	g.Commit("a", "2\n")
	clone := filepath.Join(t.TempDir(), "clone")
	if out, err := exec.Command("git", "clone", "-q", "--depth=1", "file://"+g.Dir, clone).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if r := openRepo(t, clone); r.Shallow == "" {
		t.Fatal("not shallow")
	}
	if r := openRepo(t, g.Dir); r.Shallow != "" {
		t.Fatal("shallow")
	}
}

func TestIgnoredFilesAreThoseThatGitIgnores(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	g.Write(".gitignore", "*.key\n!good.key\n")
	g.Write("sub/.gitignore", "inner\n")
	got, err := openRepo(t, g.Dir).IgnoredPaths(t.Context(), []string{"a.key", "good.key", "sub/inner", "inner"})
	if err != nil {
		t.Fatal(err)
	}
	if !got["a.key"] || got["good.key"] || !got["sub/inner"] || got["inner"] {
		t.Fatal(got)
	}
	if got, err := openRepo(t, g.Dir).IgnoredPaths(t.Context(), []string{"none"}); err != nil || got["none"] {
		t.Fatal(got, err)
	}
}

func TestWalkFollowsNoLinkAndSaysWhatItCannotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, f := range []string{"a", "sub/b", "skip/c", ".git/d"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, f)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, filepath.Join(dir, "sub", "loop")); err != nil {
		t.Fatal(err)
	}
	files, err := repo.Walk(t.Context(), dir, func(p string) bool { return p == "skip" }, func(string, error) {})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, files, "a", "sub/b")
}
