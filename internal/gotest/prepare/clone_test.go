package prepare

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestClonesShareWhatIsCompiledAndNoResults(t *testing.T) {
	t.Parallel()
	clones := []string{t.TempDir(), t.TempDir()}
	for _, clone := range clones {
		for name, text := range map[string]string{
			"go.mod":    "module m\n\ngo 1.26\n",
			"m.go":      "package m\n\nconst Two = 2 // " + clones[0] + "\n",
			"m_test.go": "package m_test\n\nimport (\"m\"; \"testing\")\n\nfunc TestTwo(t *testing.T) { if m.Two != 2 { t.Fail() } }\n",
		} {
			if err := os.WriteFile(filepath.Join(clone, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	run := func(clone string, args ...string) string {
		t.Helper()
		flags, err := CloneFlags(clone)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("go", slices.Concat(args, flags, []string{"."})...)
		cmd.Dir = clone
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	for i, clone := range clones {
		out := run(clone, "test", "-x")
		if strings.Contains(out, "(cached)") {
			t.Errorf("clone %d has the result of another: %s", i, out)
		}
		if isCompiled := strings.Contains(out, "/compile -o"); isCompiled != (i == 0) {
			t.Errorf("clone %d is compiled: %v: %s", i, isCompiled, out)
		}
		if out := run(clone, "test"); !strings.Contains(out, "(cached)") {
			t.Errorf("clone %d runs its tests again: %s", i, out)
		}
	}
}
