package tasks_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/tasks"
)

func TestEveryFlagIsExplainedAndNothingElseIs(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for target, flags := range tasks.Flags() {
		for _, flag := range flags {
			if tasks.FlagMeaning(target, flag) == "" {
				t.Errorf("tasks/flags.txt does not explain -%s of %s", flag, target)
			}
			used[flag], used[target+" -"+flag] = true, true
		}
	}
	seen := map[string]bool{}
	for line := range strings.Lines(tasks.FlagMeanings()) {
		name, meaning, ok := strings.Cut(line, ": ")
		if !ok || !used[name] || seen[name] || strings.TrimSpace(meaning) == "" {
			t.Errorf("tasks/flags.txt explains what is no flag, or twice: %q", line)
		}
		seen[name] = true
	}
}

// TestTheDocumentsListEveryFlag compares the table in docs/flags.md, and writes it
// with -update.
func TestTheDocumentsListEveryFlag(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- flags -->\n", "<!-- end of flags -->"
	uses := map[string]map[string][]string{} // by flag and meaning
	for target, flags := range tasks.Flags() {
		for _, flag := range flags {
			if uses[flag] == nil {
				uses[flag] = map[string][]string{}
			}
			meaning := tasks.FlagMeaning(target, flag)
			uses[flag][meaning] = append(uses[flag][meaning], "`"+target+"`")
		}
	}
	var table strings.Builder
	table.WriteString("\n| flag | meaning; what holds without it | targets |\n|---|---|---|\n")
	for _, flag := range slices.Sorted(maps.Keys(uses)) {
		for _, meaning := range slices.Sorted(maps.Keys(uses[flag])) {
			targets := slices.Sorted(slices.Values(uses[flag][meaning]))
			fmt.Fprintf(&table, "| `-%s` | %s | %s |\n", flag, meaning, strings.Join(targets, ", "))
		}
	}
	page := read(t, "docs/flags.md")
	before, rest, _ := strings.Cut(page, begin)
	_, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatal("docs/flags.md has no place for the table")
	}
	want := before + begin + table.String() + "\n" + end + after
	if *update {
		if err := os.WriteFile("../docs/flags.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if page != want {
		t.Fatal("docs/flags.md is not what the targets take: go test ./tasks -update")
	}
}

// TestEveryVariableThatIsReadIsDocumented looks in the source for FlowGate's own variables and for
// the names that the environment is asked for.
func TestEveryVariableThatIsReadIsDocumented(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/flags.md")
	name := regexp.MustCompile(`(?i:getenv|lookupenv)\((?:[a-z.A-Z]+, )?"([A-Z][A-Z0-9_]+)"|"(FLOWGATE_[A-Z_]+)"`)
	seen := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range name.FindAllSubmatch(source, -1) {
			variable := string(m[1]) + string(m[2]) // one of them is empty
			if seen++; !strings.HasPrefix(variable, "FLOWGATE_TEST_") && !strings.Contains(page, "`"+variable+"`") {
				t.Errorf("docs/flags.md does not say what %s means, which %s reads", variable, path)
			}
		}
		return err
	})
	if err != nil || seen < 50 {
		t.Fatalf("%d variables, %v", seen, err)
	}
}
