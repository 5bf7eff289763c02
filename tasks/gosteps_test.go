package tasks

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/gotest"
	"github.com/flowgate-go/flowgate/internal/gotest/prepare"
	"github.com/flowgate-go/flowgate/internal/report"
)

func TestAStepOfTestsNamesWhatFailedAndWhatWasLeftInTheHomeFolder(t *testing.T) {
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", strings.TrimSpace(string(cache)))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir()) // where macOS has its caches
	dir := t.TempDir()
	home, err := prepare.NewHome(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod": "module m\n\ngo 1.26\n",
		"x_test.go": `package m

import ("os"; "testing")

func TestA(t *testing.T) { t.Error("the reason") }

func TestB(t *testing.T) { _ = os.WriteFile(os.Getenv("HOME")+"/left", nil, 0o600) }
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string) (stepResult, string, error) {
		var out bytes.Buffer
		messages := (&report.Output{Stderr: &out}).Messages() // as run gives it: both streams of go test go there
		r, err := step{args: []string{"test", "-C=" + dir, "-json", "-run=" + name, "./..."}, env: home.Env(), home: home,
			tests: &gotest.Stream{Command: "go test -C=" + dir}}.run(t.Context(), messages)
		return r, out.String(), err
	}
	r, out, err := run("TestA")
	if !fault.HasCode(err, "tests-failed") || r.OK || len(r.Failed) != 1 || r.Failed[0].Test != "TestA" ||
		!strings.Contains(err.Error(), "m TestA: x_test.go:5: the reason") || !strings.HasSuffix(out, "failed tests: 1\n") {
		t.Errorf("%+v, %v, %s", r, err, out)
	}
	if r, out, err = run("TestB"); !fault.HasCode(err, "tests-left-files") || r.OK || !strings.Contains(err.Error(), "left") {
		t.Errorf("%+v, %v, %s", r, err, out)
	}
	if r, out, err = run("TestC"); err == nil || len(r.Failed) != 0 { // what TestB left is still there
		t.Errorf("%+v, %v, %s", r, err, out)
	}
	if home, err = prepare.NewHome(t.Context()); err != nil { // as the next run makes it
		t.Fatal(err)
	}
	if r, out, err = run("TestC"); err != nil || !r.OK {
		t.Errorf("%+v, %v, %s", r, err, out)
	}
}
