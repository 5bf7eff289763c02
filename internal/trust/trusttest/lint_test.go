package trusttest_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/trust"
	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
)

// TestMain also compiles package trust in, so that this package is one of those
// that the lint examines.
func TestMain(m *testing.M) {
	_ = trust.DigestVariable
	os.Exit(trusttest.Run(m))
}

// listed is what `go list -test` says about a package or its test program.
type listed struct {
	ImportPath, Dir, ForTest  string
	Deps                      []string
	TestGoFiles, XTestGoFiles []string
}

// TestEveryTestThatReachesTrustHasAStateFolderOfItsOwn asks the go command which
// test programs of this module and of the tests' module hold package trust, and reads their files.
func TestEveryTestThatReachesTrustHasAStateFolderOfItsOwn(t *testing.T) {
	t.Parallel()
	packages := list(t, filepath.Join("..", "..", ".."))
	maps.Copy(packages, list(t, filepath.Join("..", "..", "..", "test")))
	var examined []string
	for path, p := range packages {
		program, hasTests := packages[path+".test"]
		if p.ForTest != "" || !hasTests || !reachesTrust(program.Deps) {
			continue
		}
		examined = append(examined, path)
		if !callsRun(t, p) {
			t.Errorf("the tests of %s reach package trust: add func TestMain(m *testing.M) { os.Exit(trusttest.Run(m)) }", path)
		}
	}
	for _, known := range []string{"/internal/trust", "/internal/trust/trusttest", "/supervisor", "/tasks",
		"/test/doctor"} {
		if !slices.ContainsFunc(examined, func(path string) bool { return strings.HasSuffix(path, known) }) {
			t.Errorf("%s was not examined, only %v", known, examined)
		}
	}
}

// list returns the packages of the module in dir with their test programs, by import path.
func list(t *testing.T, dir string) map[string]listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-test",
		"-json=ImportPath,Dir,ForTest,Deps,TestGoFiles,XTestGoFiles", "./...")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]listed{}
	for lines := json.NewDecoder(out); ; {
		var p listed
		if err := lines.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return packages
}

// reachesTrust reports whether package trust, or its copy for a test, is among deps.
func reachesTrust(deps []string) bool {
	return slices.ContainsFunc(deps, func(path string) bool {
		path, _, _ = strings.Cut(path, " ") // "PATH [TEST PROGRAM]"
		return strings.HasSuffix(path, "/internal/trust")
	})
}

// callsRun reports whether the tests of p have a TestMain that calls trusttest.Run.
func callsRun(t *testing.T, p listed) bool {
	t.Helper()
	var source strings.Builder
	for _, name := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	return strings.Contains(source.String(), "\nfunc TestMain(") && strings.Contains(source.String(), "trusttest.Run(m)")
}
