package prepare

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestPackagesThatTheRaceDetectorDoesNotWatchHaveNoAtomicVariables(t *testing.T) {
	t.Parallel()
	const root = "../../.."
	atomic := regexp.MustCompile(`\bsync\.Map\b|"sync/atomic"|\batomic\.`)
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
			if found := atomic.Find(source); found != nil {
				t.Errorf("%s has %s", filepath.ToSlash(file), found)
			}
		}
	}
}
