package tasks

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/gotest"
	"github.com/flowgate-go/flowgate/internal/report"
)

func TestAStepOfTestsNamesWhatFailedAndWhatWasLeftInTheHomeFolder(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), t.TempDir()
	tools, err := toolFolders(t.Context())
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
		guard := &homeGuard{home: home, tools: tools}
		messages := (&report.Output{Stderr: &out}).Messages() // as run gives it: both streams of go test go there
		r, err := step{args: []string{"test", "-C=" + dir, "-json", "-run=" + name, "./..."}, env: guard.env(), guard: guard,
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
	if err := os.Remove(filepath.Join(home, "left")); err != nil {
		t.Fatal(err)
	}
	if r, out, err = run("TestC"); err != nil || !r.OK {
		t.Errorf("%+v, %v, %s", r, err, out)
	}
}
