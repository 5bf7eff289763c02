package hook_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/checks/security/hook"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
)

func TestAHookIsNotInstalledWhereOtherRepositoriesOrToolsKeepTheirs(t *testing.T) {
	outside := t.TempDir()
	global := filepath.Join(t.TempDir(), "gitconfig")
	for name, c := range map[string]struct {
		prepare func(g *repotest.Git)
		hook    string // that may not appear, absolute or in the repository
		says    string
	}{
		"global": {func(*repotest.Git) {
			if err := os.WriteFile(global, []byte("[core]\n\thooksPath = "+outside+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, filepath.Join(outside, "pre-commit"), "every repository"},
		"outside": {func(g *repotest.Git) { g.Git("config", "core.hooksPath", outside) },
			filepath.Join(outside, "pre-commit"), "not in it"},
		"a link that leads outside": {func(g *repotest.Git) {
			if err := os.Symlink(outside, filepath.Join(g.Dir, "hooks")); err != nil {
				t.Fatal(err)
			}
			g.Git("config", "core.hooksPath", "hooks")
		}, filepath.Join(outside, "pre-commit"), "not in it"},
		"husky": {func(g *repotest.Git) {
			g.Write(".husky/_/.gitignore", "*")
			g.Git("config", "core.hooksPath", ".husky/_")
		}, ".husky/_/pre-commit", "another tool"},
		"husky that was not set up yet": {func(g *repotest.Git) { g.Git("config", "core.hooksPath", ".husky/_") },
			".husky/_/pre-commit", "another tool"},
		"a tool that keeps its hooks out": {func(g *repotest.Git) {
			g.Write("made/.gitignore", "*\n")
			g.Git("config",
				"core.hooksPath", "made")
		}, "made/pre-commit", "another tool"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GIT_CONFIG_GLOBAL", global)
			if err := os.WriteFile(global, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			g := repotest.New(t)
			c.prepare(g)
			_, err := hook.Install(t.Context(), g.Dir, "flowgate security-check")
			f := fault.From(err)
			if err == nil || f.Code != "hook-failed" || !strings.Contains(err.Error(), c.says) || f.Hint == "" {
				t.Errorf("%v", err)
			}
			hook := c.hook
			if !filepath.IsAbs(hook) {
				hook = filepath.Join(g.Dir, hook)
			}
			if _, err := os.Lstat(hook); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s was written: %v", hook, err)
			}
		})
	}
}

func TestAHookIsInstalledWhereThisRepositoryLooksForIt(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(g *repotest.Git) string{
		"by default":      func(g *repotest.Git) string { return g.Dir },
		"its own setting": func(g *repotest.Git) string { g.Git("config", "core.hooksPath", "tools/hooks"); return g.Dir },
		"a linked work tree": func(g *repotest.Git) string {
			g.Git("worktree", "add", "-q", "--detach", filepath.Join(g.Dir, "linked"))
			return filepath.Join(g.Dir, "linked")
		},
	} {
		g := repotest.New(t)
		g.Commit("a.txt", "a\n")
		dir := prepare(g)
		h, err := hook.Install(t.Context(), dir, "/bin/false security-check")
		if err != nil || !h.Changed {
			t.Errorf("%s: %+v, %v", name, h, err)
			continue
		}
		commit := exec.Command("git", "commit", "-q", "--allow-empty", "-m", "x")
		commit.Dir, commit.Env = dir, append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a",
			"GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
		if err := commit.Run(); err == nil {
			t.Errorf("%s: git does not run the hook %s", name, h.Hook)
		}
	}
}

func TestAHookThatWasChangedByHandIsKept(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	h, err := hook.Install(t.Context(), g.Dir, "'/opt/flow gate' security-check")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hook.Install(t.Context(), g.Dir, "go tool mage security-check"); err != nil {
		t.Errorf("another program: %v", err)
	}
	b, err := os.ReadFile(h.Hook)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(b), "exec ", "echo mine\nexec ", 1)
	if err := os.WriteFile(h.Hook, []byte(edited), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := hook.Install(t.Context(), g.Dir, "go tool mage security-check"); err == nil {
		t.Error("it was replaced")
	}
	if b, _ := os.ReadFile(h.Hook); string(b) != edited {
		t.Errorf("%s", b)
	}
}
