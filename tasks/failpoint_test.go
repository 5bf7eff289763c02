package tasks_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFailpointsAreInNoProgramThatPeopleUse: a variable must not end a command
// half-way but where a test wants it.
func TestFailpointsAreInNoProgramThatPeopleUse(t *testing.T) {
	t.Parallel()
	for tags, want := range map[string]string{"": "failpoint_off.go", "failpoint": "failpoint.go"} {
		out, err := exec.Command("go", "list", "-tags="+tags, "-f", `{{join .GoFiles "\n"}}`, ".").Output()
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for name := range strings.Lines(string(out)) {
			name = strings.TrimSpace(name)
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(name, "failpoint") {
				found = append(found, name)
			}
			if strings.Contains(string(text), `"FLOWGATE_FAILPOINT"`) && tags == "" {
				t.Errorf("%s reads FLOWGATE_FAILPOINT in every program", filepath.Join("tasks", name))
			}
		}
		if len(found) != 1 || found[0] != want {
			t.Errorf("with -tags=%q the program has %v, not %s", tags, found, want)
		}
	}
}
