package prepare

import (
	"bytes"
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
		args := slices.Concat([]string{"list", "-C=" + module, "-e", "-f", `{{range .GoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}`},
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
