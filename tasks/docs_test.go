package tasks_test

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/checks/canary"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/tasks"
)

var update = flag.Bool("update", false, "rewrite generated documents")

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheDocumentsListEveryTarget(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(
		"# Targets\n\nWritten by `go test ./tasks -update`. Every target also takes the flags in [json.md](json.md). A " +
			"target that only reads reports also on a configuration that is not trusted " +
			"([threat-model.md](threat-model.md)).\n\n| target | what it does | only reads |\n|---|---|---|\n",
	)
	usages, synopses, reads := tasks.Usages(), tasks.Synopses(), tasks.Reads()
	for _, name := range slices.Sorted(maps.Keys(usages)) {
		fmt.Fprintf(&b, "| `mage %s` | %s | %s |\n", usages[name], synopses[name], reads[name])
	}
	if *update {
		if err := os.WriteFile("../docs/targets.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, "docs/targets.md") != b.String() {
		t.Fatal("docs/targets.md is not what the targets say: go test ./tasks -update")
	}
}

func TestTheCatalogueIsWhatMageSees(t *testing.T) {
	t.Parallel()
	lock, err := subprocess.LockSource(t.Context(), "..")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	list := exec.Command("go", "tool", "mage", "-l")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "  ") {
			seen = append(seen, strings.ToLower(strings.TrimSuffix(strings.Fields(line)[0], "*")))
		}
	}
	want := slices.Sorted(slices.Values(tasks.TargetNames()))
	slices.Sort(seen)
	if !slices.Equal(seen, want) {
		t.Fatalf("mage sees %v\nthe catalogue has %v", seen, want)
	}
}

func TestFilesThatTheDocumentsNameExist(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile(
		"[`(]((?:tasks|checks|auth|supervisor|upgrade|internal|test|testdata|docs|tools|config)/[\\w./-]*)[`)]",
	)
	for _, doc := range []string{"README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/json.md",
		"docs/benchmarks.md", "docs/compatibility.md", "docs/security.md", "docs/release-and-rollback.md", "docs/recipes.md",
		"docs/ci.md", "docs/runbook.md", "docs/install.md", "docs/scale.md",
		"docs/from-python-flowgate.md"} {
		for _, m := range named.FindAllStringSubmatch(read(t, doc), -1) {
			if strings.HasPrefix(m[1], "config/") {
				continue // in the user's folder
			}
			if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
				t.Errorf("%s names %s: %v", doc, m[1], err)
			}
		}
	}
}

// TestTheDocumentedExitStatusesAreTheSources compares the statuses in the table of error codes, one
// for all codes of a line or one for each, with the constructors that make the codes. A code
// that is made with both statuses may be documented with either; who makes one with another
// status (3, 130) sets it afterwards.
func TestTheDocumentedExitStatusesAreTheSources(t *testing.T) {
	t.Parallel()
	made := map[string][]string{}
	constructor := regexp.MustCompile(`fault\.(New|Usage)\(\s*"([a-z-]+)"`)
	for _, dir := range []string{"tasks", "page", "checks", "auth", "supervisor", "internal"} {
		for _, m := range constructor.FindAllStringSubmatch(readSource(t, filepath.Join("..", dir)), -1) {
			made[m[2]] = append(made[m[2]], map[string]string{"New": "1", "Usage": "2"}[m[1]])
		}
	}
	compared := 0
	_, table, _ := strings.Cut(read(t, "docs/json.md"), "## Error codes")
	for line := range strings.Lines(table) {
		columns := strings.Split(line, "|")
		if len(columns) < 4 || !strings.Contains(columns[1], "`") {
			continue
		}
		codes, statuses := strings.Split(columns[1], ", "), strings.Split(strings.TrimSpace(columns[2]), ", ")
		if len(statuses) != 1 && len(statuses) != len(codes) {
			t.Errorf("%d codes have %d exit statuses: %s", len(codes), len(statuses), line)
			continue
		}
		for i, code := range codes {
			code, status := strings.Trim(code, " `"), statuses[min(i, len(statuses)-1)]
			if compared++; status != "3" && status != "130" && made[code] != nil && !slices.Contains(made[code], status) {
				t.Errorf("docs/json.md gives %s the exit status %s, and the source %s", code, status, made[code][0])
			}
		}
	}
	if compared < 100 {
		t.Errorf("%d codes were compared", compared)
	}
}

// readSource returns the Go source below dir, without tests.
func readSource(t *testing.T, dir string) string {
	t.Helper()
	var source strings.Builder
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		source.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return source.String()
}

// TestEveryErrorCodeIsDocumented compares the codes in the source with the table of docs/json.md.
func TestEveryErrorCodeIsDocumented(t *testing.T) {
	t.Parallel()
	made := regexp.MustCompile(`fault\.(?:New|Usage)\("([a-z-]+)"`)
	used := map[string]bool{}
	var source strings.Builder
	for _, dir := range []string{"tasks", "page", "checks", "auth", "supervisor", "internal"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			source.Write(b)
			for _, m := range made.FindAllStringSubmatch(string(b), -1) {
				used[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, table, _ := strings.Cut(read(t, "docs/json.md"), "## Error codes")
	documented := map[string]bool{}
	for line := range strings.Lines(table) {
		for _, m := range regexp.MustCompile("`([a-z]+(?:-[a-z]+)*)`").FindAllStringSubmatch(strings.SplitN(line+"||", "|",
			3)[1], -1) {
			documented[m[1]] = true
		}
	}
	for code := range used {
		if !documented[code] && code != "internal" {
			t.Errorf("error code %s is not in docs/json.md", code)
		}
	}
	for code := range documented {
		if !strings.Contains(source.String(), `"`+code+`"`) {
			t.Errorf("docs/json.md has the error code %s, which nothing makes", code)
		}
	}
}

// TestTheCanaryRunsEveryTarget keeps the trial whole: a new target is tried too,
// or stands here with the reason why not.
func TestTheCanaryRunsEveryTarget(t *testing.T) {
	t.Parallel()
	left := map[string]string{
		"supervisor:run": "start runs it", "trust:revoke": "would end the trial's trust",
		"security:canary": "it is the trial", "security:install-hook": "writes outside of the trial",
		"service:install": "writes outside of the trial", "service:uninstall": "writes outside of the trial",
		"test": "for FlowGate's source", "test:bench": "for FlowGate's source", "test:clients": "for FlowGate's source",
		"test:litellm": "for FlowGate's source", "test:oracle": "for FlowGate's source",
		"test:page": "for FlowGate's source", "test:metrics": "for FlowGate's source",
		"test:cluster": "for FlowGate's source", "test:deploy": "for FlowGate's source",
		"release:check": "for FlowGate's source", "release:notes": "for FlowGate's source",
		"release:build": "for FlowGate's source", "lint": "for FlowGate's source", "vuln": "for FlowGate's source",
	}
	run := map[string]bool{}
	for _, words := range canary.Commands() {
		run[words[0]] = true
	}
	for name := range tasks.Usages() {
		if !run[name] && left[name] == "" {
			t.Errorf("add %s to the commands of checks/canary/run.go", name)
		}
	}
}

// TestCISkipsNoTest keeps the promise that a test that mage test leaves to
// another target is run in the same CI run, and that no other is skipped.
func TestCISkipsNoTest(t *testing.T) {
	t.Parallel()
	for _, file := range []string{".ci/run", ".github/workflows/ci.yml"} {
		text := read(t, file)
		for _, want := range []string{"FLOWGATE_FORBID_SKIPS", "go tool mage test\n", "go tool mage test:clients\n",
			"go tool mage test:litellm\n", "go tool mage test:oracle\n", "go tool mage test:page\n",
			"go tool mage test:metrics\n", "go tool mage test:cluster\n", "go tool mage test:deploy\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not have %q", file, want)
			}
		}
	}
	for pkg, target := range tasks.Elsewhere() {
		dir := filepath.Join("..", strings.TrimPrefix(pkg, "github.com/flowgate-go/flowgate/"))
		if files, err := filepath.Glob(filepath.Join(dir, "*_test.go")); err != nil || len(files) == 0 {
			t.Errorf("%s runs %s, which has no tests (%v)", target, dir, err)
		}
		if !strings.Contains(read(t, ".ci/run"), "go tool mage "+target+"\n") {
			t.Errorf("CI does not run %s", target)
		}
	}
}

// TestTheTextsInTroubleshootingAreFlowGatesOwn looks for the texts that the page says the
// router prints, and for the codes, in the source.
func TestTheTextsInTroubleshootingAreFlowGatesOwn(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/troubleshooting.md")
	codes := read(t, "docs/json.md")
	var source strings.Builder
	err := filepath.WalkDir("../internal/router", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			var text []byte
			text, err = os.ReadFile(path)
			source.Write(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(page) {
		columns := strings.Split(line, "|")
		if len(columns) != 5 {
			continue
		}
		quoted := strings.Trim(strings.TrimSpace(columns[2]), "`")
		if quoted == "" || strings.Contains(quoted, "`") || strings.HasPrefix(quoted, "--") || strings.Contains(quoted, "FlowGate says") {
			continue
		}
		if seen++; !strings.Contains(source.String(), quoted) && !strings.Contains(codes, "`"+quoted+"`") && quoted != "code" {
			t.Errorf("docs/troubleshooting.md: nothing says %q", quoted)
		}
	}
	if seen < 8 {
		t.Errorf("only %d texts were found", seen)
	}
}

// TestTheTableOfOldCommandsIsTrue compares each row of the table in docs/from-python-flowgate.md: what is
// typed on both sides is read as the same.
func TestTheTableOfOldCommandsIsTrue(t *testing.T) {
	t.Parallel()
	_, table, _ := strings.Cut(read(t, "docs/from-python-flowgate.md"), "## Commands")
	table, _, _ = strings.Cut(table, "`--quiet` leaves out")
	rows := regexp.MustCompile("(?m)^\\| `(.*)` \\| `(.*)` \\|$").FindAllStringSubmatch(table, -1)
	if len(rows) < 15 {
		t.Fatalf("only %d rows were found", len(rows))
	}
	for _, row := range rows {
		old, oldCommon, _, oldErr := tasks.Parse(strings.Fields(row[1])...)
		now, nowCommon, _, nowErr := tasks.Parse(strings.Fields(row[2])...)
		same := strings.NewReplacer("auth:importheadless", "auth:import", "180s", "3m") // another name, another unit
		if got := same.Replace(strings.Join(old, " ")); got != strings.Join(now, " ") || !maps.Equal(oldCommon, nowCommon) ||
			oldErr != nil || nowErr != nil {
			t.Errorf("%s is %s %v (%v), and not %v %v (%v)", row[1], got, oldCommon, oldErr, now, nowCommon, nowErr)
		}
	}
}

// TestEveryEventThatTheOldOnesBecameExists reads the table of events in the same document.
func TestEveryEventThatTheOldOnesBecameExists(t *testing.T) {
	t.Parallel()
	_, table, _ := strings.Cut(read(t, "docs/from-python-flowgate.md"), "## events.log")
	source := read(t, "supervisor/control/event.go")
	names := regexp.MustCompile("`([a-z]+\\.[a-z]+)`").FindAllStringSubmatch(table, -1)
	if len(names) < 7 {
		t.Fatalf("only %d events were found", len(names))
	}
	for _, name := range names {
		if !strings.Contains(source, `"`+name[1]+`"`) {
			t.Errorf("there is no event %s", name[1])
		}
	}
}
