package prepare

import (
	"bytes"
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
	atomic := []string{"sync.Map", `"sync/atomic"`}
	for _, module := range []string{root, filepath.Join(root, "test")} {
		args := slices.Concat([]string{"list", "-C=" + module, "-e", "-f", `{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{range .TestGoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}`},
			unwatchedPackages())
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

// TestTheFlagsReachTheirPackages has go print how it would compile packages of which the race detector watches one.
func TestTheFlagsReachTheirPackages(t *testing.T) {
	t.Parallel()
	const root = "../../.."
	flags, err := unwatchedFlags(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	watched := map[string]bool{
		"regexp": false, "regexp/syntax": false, "compress/flate": false, "strconv": true,
		"github.com/goccy/go-yaml/scanner": false, "github.com/goccy/go-yaml/ast": true,
		"github.com/flowgate-go/flowgate/internal/secret/match": false,
	}
	args := slices.Concat([]string{"build", "-C=" + root, "-n", "-a", "-race"}, flags, slices.Collect(maps.Keys(watched)))
	out, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, want := range watched {
		i := bytes.Index(out, []byte(" -p "+name+" "))
		if i < 0 {
			t.Errorf("%s is not compiled", name)
			continue
		}
		command, _, _ := bytes.Cut(out[i:], []byte("\n"))
		if got := !bytes.Contains(command, []byte("-race=false")); got != want {
			t.Errorf("%s is watched: %v, %s", name, got, command)
		}
	}
	for _, f := range flags {
		if !strings.HasPrefix(f, "-gcflags=./") {
			t.Errorf("%s is slow: it does not name a folder", f)
		}
	}
}
