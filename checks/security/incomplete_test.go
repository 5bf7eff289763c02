package security_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
)

func TestAPartialCloneIsNotCompletedByLooking(t *testing.T) {
	t.Parallel()
	g := installation(t)
	g.Git("config", "uploadpack.allowFilter", "true")
	g.Commit("a.txt", "one\n")
	old := strings.TrimSpace(g.Git("rev-parse", "HEAD:a.txt"))
	g.Commit("a.txt", "two\n")
	clone := filepath.Join(t.TempDir(), "clone")
	g.Git("clone", "-q", "--filter=blob:none", "file://"+g.Dir, clone)
	missing := func() string {
		return g.Git("-C", clone, "-c", "protocol.allow=never", "rev-list", "--objects", "--all", "--missing=print")
	}
	if !strings.Contains(missing(), "?"+old) {
		t.Fatal("the clone has all objects: this test shows nothing")
	}
	for _, mode := range []string{"history", "range"} {
		o := options(clone)
		o.Online, o.Only = mode == "history", "secrets."+mode
		o.History = mode == "history"
		if mode == "range" {
			o.Range = "HEAD~1..HEAD"
		}
		checked, _ := run(t, o)
		reason := ""
		for _, c := range checked.Checks {
			if r, ok := c.Detail.(report.Reasoned); ok {
				reason += r.Reason()
			}
		}
		if status(checked, o.Only) != "fail" || !strings.Contains(reason, "nothing was fetched") {
			t.Errorf("%s: %s %q", mode, status(checked, o.Only), reason)
		}
		if !strings.Contains(missing(), "?"+old) {
			t.Errorf("%s fetched", mode)
		}
	}
}

func TestMissingContentIsCounted(t *testing.T) {
	t.Parallel()
	inner := repotest.New(t)
	inner.Commit("deep.txt", "x\n")
	g := installation(t)
	g.Commit("left/out.txt", "x\n")
	g.Commit("gone.txt", "x\n")
	for _, name := range []string{"sub", "other"} {
		g.Git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.Dir, name)
	}
	g.Git("commit", "-q", "-m", "submodules")
	g.Git("submodule", "--quiet", "deinit", "other")
	g.Git("sparse-checkout", "set", "--no-cone", "/*", "!/left/")
	if err := os.Remove(filepath.Join(g.Dir, "gone.txt")); err != nil {
		t.Fatal(err)
	}
	o := options(g.Dir)
	o.History, o.Only = true, "secrets.tree,secrets.history"
	_, examined := run(t, o)
	skipped := examined.Scanned.Skipped
	if skipped["not-checked-out"] != 2 || skipped["submodule"] != 1 || skipped["submodule-history"] != 2 {
		t.Errorf("%v", skipped)
	}
}

// A hook of `git --git-dir=X --work-tree=Y commit` looks at another repository,
// or at none: it must not say that all is well.
func TestAStagedCheckThatLooksElsewhereFails(t *testing.T) {
	t.Parallel()
	g, other := installation(t), repotest.New(t)
	for dir, want := range map[string]string{
		g.Dir: "fail", t.TempDir(): "fail",
	} {
		o := options(dir)
		o.File = filepath.Join(g.Dir, "config", "flowgate.yaml")
		o.Getenv = func(name string) string { return map[string]string{"GIT_DIR": filepath.Join(other.Dir, ".git")}[name] }
		o.Staged, o.Only = true, "secrets.staged"
		checked, _ := run(t, o)
		if got := string(status(checked, "secrets.staged")); got != want {
			t.Errorf("%s: %s", dir, got)
		}
	}
	o := options(g.Dir)
	o.Getenv = func(name string) string { return map[string]string{"GIT_DIR": ".git"}[name] }
	o.Staged, o.Only = true, "secrets.staged"
	if checked, _ := run(t, o); status(checked, "secrets.staged") != "pass" {
		t.Error("its own GIT_DIR is not taken for it")
	}
}

func TestATrackedKeyFileWhoseContentIsMissingIsNotCalledHarmless(t *testing.T) {
	t.Parallel()
	g := installation(t)
	g.Commit("server.key", "-----BEGIN PUBLIC KEY-----\n")
	o := options(g.Dir)
	o.Only = "files.tracked"
	if checked, _ := run(t, o); status(checked, o.Only) != "pass" {
		t.Fatalf("with the content: %s", status(checked, o.Only))
	}
	hash := strings.TrimSpace(g.Git("rev-parse", ":server.key"))
	if err := os.Remove(filepath.Join(g.Dir, ".git", "objects", hash[:2], hash[2:])); err != nil {
		t.Fatal(err)
	}
	checked, _ := run(t, o)
	if status(checked, o.Only) != "skip" {
		t.Errorf("without the content: %s", status(checked, o.Only))
	}
	for _, c := range checked.Checks {
		if r, ok := c.Detail.(report.Reasoned); ok && !strings.Contains(r.Reason(), "server.key") {
			t.Errorf("the reason does not name the file: %q", r.Reason())
		}
	}
}
