package prepare

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPackagesThatTheRaceDetectorDoesNotWatchHaveNoAtomicVariables(t *testing.T) {
	t.Parallel()
	const root = "../../.."
	// The files of each package, and those of the tests of FlowGate's own.
	const list = `{{$next := printf "\n%s/" .Dir}}{{with .GoFiles}}{{$next}}{{join . $next}}{{end}}` +
		`{{with .Module}}{{if .Main}}{{range $.TestGoFiles}}{{$next}}{{.}}{{end}}{{range $.XTestGoFiles}}{{$next}}{{.}}{{end}}{{end}}{{end}}`
	atomic := []string{"sync.Map", `"sync/atomic"`}
	for _, module := range []string{root, filepath.Join(root, "test")} {
		args := slices.Concat([]string{"list", "-C=" + module, "-e", "-f", list}, unwatchedPackages())
		out, err := exec.Command("go", args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		files := strings.Fields(string(out))
		if len(files) < 50 {
			t.Errorf("only %d files in %s", len(files), module)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, word := range atomic {
				if bytes.Contains(source, []byte(word)) {
					t.Errorf("%s has %s", filepath.ToSlash(file), word)
				}
			}
		}
	}
}

// TestTheFlagsReachTheirPackages has go print how it would compile packages of which the race detector watches some.
func TestTheFlagsReachTheirPackages(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("go", "env", "CGO_ENABLED").Output(); err != nil || strings.TrimSpace(string(out)) != "1" {
		t.Skipf("without cgo, go does not compile with the race detector: %s, %v", out, err)
	}
	standard := map[string]bool{"regexp": false, "regexp/syntax": false, "compress/flate": false, "strconv": true}
	all := map[string]bool{"github.com/goccy/go-yaml/scanner": false, "github.com/goccy/go-yaml/ast": true,
		"github.com/flowgate-go/flowgate/internal/secret/match": false}
	maps.Copy(all, standard)
	for module, watched := range map[string]map[string]bool{"../../..": all, "../../../test": all, linkedModule(t): standard} {
		flags, err := unwatchedFlags(t.Context(), module)
		if err != nil {
			t.Fatal(err)
		}
		args := slices.Concat([]string{"build", "-C=" + module, "-n", "-a", "-race"}, flags, slices.Collect(maps.Keys(watched)))
		out, err := exec.Command("go", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for name, want := range watched {
			_, command, isThere := strings.Cut(string(out), " -p "+name+" ")
			command, _, _ = strings.Cut(command, "\n")
			if got := !strings.Contains(command, "-race=false"); !isThere || got != want {
				t.Errorf("%s: %s is compiled: %v; is watched: %v, %s", module, name, isThere, got, command)
			}
		}
		for _, f := range flags {
			if !strings.HasPrefix(f, "-gcflags=./") {
				t.Errorf("%s is slow: it does not name a folder", f)
			}
		}
	}
}

// linkedModule returns the path of a module that is a symbolic link with fewer folders above it than the module has.
func linkedModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	module, link := filepath.Join(dir, strings.Repeat("deep/", 20)), filepath.Join(dir, "link")
	if err := errors.Join(os.MkdirAll(module, 0o700), os.Symlink(module, link),
		os.WriteFile(filepath.Join(module, "go.mod"), []byte("module m\n\ngo 1.26\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	return link
}
