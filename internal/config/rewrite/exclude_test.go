package rewrite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config/rewrite"
)

func git(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git",
		append([]string{"-c", "user.name=a", "-c", "user.email=a@b", "-C", dir}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func runGit(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := git(t, dir, args...); err != nil {
		t.Fatalf("git %q: %v: %s", args, err, out)
	}
}

// TestGitLeavesOutTheBackupsOfFilesThatPeopleEdit is about installations whose
// .gitignore does not name them.
func TestGitLeavesOutTheBackupsOfFilesThatPeopleEdit(t *testing.T) {
	t.Parallel()
	main := t.TempDir()
	runGit(t, main, "init", "-q")
	runGit(t, main, "commit", "-q", "--allow-empty", "-m", "a")
	linked := filepath.Join(t.TempDir(), "linked")
	runGit(t, main, "worktree", "add", "-q", linked)
	for _, top := range []string{main, linked} {
		dir := filepath.Join(top, "odd [folder]")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "cliproxyapi.yaml")
		if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, change := range []string{"old new", "new newer"} {
			old, new, _ := strings.Cut(change, " ")
			backup, err := rewrite.Replace(file, []byte(old), []byte(new), moment)
			if err != nil {
				t.Fatal(err)
			}
			if out, err := git(t, top, "check-ignore", backup); err != nil {
				t.Errorf("git takes %s: %v %s", backup, err, out)
			}
		}
		if _, err := git(t, top, "check-ignore", file); err == nil {
			t.Error("the file itself is left out")
		}
	}
	rules, err := os.ReadFile(filepath.Join(main, ".git", "info", "exclude"))
	if err != nil || strings.Count(string(rules), "bak-") != 1 { // once, for the same place in both work trees
		t.Errorf("%v: %s", err, rules)
	}
}

func TestWhatDoesNotChangeIsNotBackedUp(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(file, []byte("same"), 0o600); err != nil {
		t.Fatal(err)
	}
	backup, err := rewrite.Replace(file, []byte("same"), []byte("same"), moment)
	names, _ := os.ReadDir(filepath.Dir(file))
	if err != nil || backup != "" || len(names) != 1 {
		t.Errorf("%q, %v, %v", backup, err, names)
	}
}
