package release_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/release"
	"github.com/flowgate-go/flowgate/internal/report"
)

// tree is a git repository with a changelog.
func tree(t *testing.T, changelog string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "CHANGELOG.md"), []byte(changelog), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "-q")
	git(t, dir, "add", "-A")
	git(t, dir, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first")
	return dir
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

func outcome(t *testing.T, o release.Options) string {
	t.Helper()
	o.Log = io.Discard
	results := checks.Run(t.Context(), release.Checks(o), checks.Options{})
	return strings.Join(lo.Map(results, func(r report.Result, _ int) string { return r.ID + "=" + string(r.Status) }), " ")
}

func TestAReleaseThatIsReadyPassesAndOneThatIsNotSaysWhy(t *testing.T) {
	t.Parallel()
	good := "## 1.2.0\n- x\n"
	steps := map[string]string{"tests.pass": "true", "doctor.passes": "true"}
	ready := tree(t, good)
	if got := outcome(t, release.Options{Source: ready, Version: "1.2.0",
		Steps: steps}); got != "version.valid=pass changelog.entry=pass tree.clean=pass tag.free=pass doctor.passes=pass "+
		"security.passes=skip tests.pass=skip" {
		t.Errorf("without a target: %s", got)
	}
	steps["security.passes"] = "true"
	if got := outcome(t, release.Options{Source: ready, Version: "1.2.0", Steps: steps}); strings.Contains(got, "fail") ||
		strings.Contains(got, "skip") {
		t.Errorf("ready: %s", got)
	}
	git(t, ready, "tag", "v1.2.0")
	if got := outcome(t, release.Options{Source: ready, Version: "1.2.0", Steps: steps}); strings.Contains(got, "fail") {
		t.Errorf("tagged here: %s", got)
	}
	git(t, ready, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "more")
	for want, o := range map[string]release.Options{
		"tag.free=fail":        {Source: ready, Version: "1.2.0"},
		"version.valid=fail":   {Source: ready, Version: "1.2"},
		"changelog.entry=fail": {Source: ready, Version: "1.3.0"},
		"doctor.passes=fail":   {Source: tree(t, good), Version: "1.2.0", Steps: map[string]string{"doctor.passes": "false"}},
	} {
		if got := outcome(t, o); !strings.Contains(got, want) || !strings.Contains(got, "tests.pass=skip") {
			t.Errorf("want %s and no tests: %s", want, got)
		}
	}
	dirty := tree(t, good)
	if err := os.WriteFile(filepath.Join(dirty, "new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := outcome(t, release.Options{Source: dirty, Version: "1.2.0", Steps: steps}); !strings.Contains(got,
		"tree.clean=fail") {
		t.Errorf("dirty: %s", got)
	}
}
