// Package repotest makes real git repositories for tests.
package repotest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Git is a repository in a folder of its own, with one branch, main.
type Git struct {
	Dir string
	t   testing.TB
}

// New makes an empty repository.
func New(t testing.TB) *Git {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g := &Git{dir, t}
	g.Git("init", "-q", "-b", "main")
	return g
}

// Git runs a git command in the repository, independent of the user's settings, and returns
// what it printed.
func (g *Git) Git(args ...string) string {
	g.t.Helper()
	cmd := exec.Command("git", args...) //nolint:gosec // tests run what they name
	cmd.Dir = g.Dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
	out, err := cmd.CombinedOutput()
	if err != nil {
		g.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Write puts a file into the working tree.
func (g *Git) Write(name, text string) {
	g.t.Helper()
	path := filepath.Join(g.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// Commit writes a file and commits it.
func (g *Git) Commit(name, text string) {
	g.t.Helper()
	g.Write(name, text)
	g.Git("add", "-f", "--", name)
	g.Git("commit", "-q", "-m", "change "+name)
}
