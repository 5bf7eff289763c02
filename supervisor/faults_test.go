package supervisor_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryFaultInTheManualHasItsTest reads the table in docs/supervisor.md.
func TestEveryFaultInTheManualHasItsTest(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../docs/supervisor.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(manual), "| fault | what holds | test |\n|---|---|---|\n")
	if !found {
		t.Fatal("the table of faults is gone")
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"*/*_test.go", "*/*/*_test.go", "../internal/*/*_test.go", "../checks/*/*_test.go"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	var tests strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(text)
	}
	name := regexp.MustCompile("`(Test[A-Za-z0-9]+)`")
	rows := 0
	for row := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
		if len(cells) != 3 {
			break
		}
		rows++
		names := name.FindAllStringSubmatch(cells[2], -1)
		if len(names) == 0 {
			t.Errorf("no test: %s", row)
		}
		for _, n := range names {
			if !strings.Contains(tests.String(), "\nfunc "+n[1]+"(t *testing.T)") {
				t.Errorf("there is no test %s", n[1])
			}
		}
	}
	if rows < 30 {
		t.Errorf("only %d faults", rows)
	}
}
