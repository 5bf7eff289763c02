package script_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// TestEveryWayToHaveTheProgramPrintsItsOwnCommands follows docs/install.md in a module of
// somebody else's: the program as a tool, from go install, and in a magefile.
func TestEveryWayToHaveTheProgramPrintsItsOwnCommands(t *testing.T) {
	t.Parallel()
	m := newOtherModule(t)
	page, err := os.ReadFile(filepath.Join(root, "docs", "install.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, magefile, _ := strings.Cut(string(page), "```go\n")
	magefile, _, _ = strings.Cut(magefile, "```")
	m.write("magefile.go", magefile)
	for _, line := range []string{"go get -tool github.com/flowgate-go/flowgate/cmd/flowgate",
		"go get github.com/flowgate-go/flowgate/tasks", "go install github.com/flowgate-go/flowgate/cmd/flowgate"} {
		if !strings.Contains(string(page), strings.TrimSuffix(line, "@latest")) {
			t.Errorf("docs/install.md does not have %q", line)
		}
		m.shell(line)
	}
	m.shell("go get -tool github.com/magefile/mage@" + mageVersion(t) + " && go install github.com/magefile/mage")

	for typed, name := range map[string]string{
		"go tool flowgate statuz":       "go tool flowgate ",
		"flowgate statuz":               "flowgate ",
		"./bin/flowgate statuz":         "./bin/flowgate ",
		"cd bin && ../bin/flowgate st":  "../bin/flowgate ",
		"go tool mage fg:statuz":        "go tool mage fg:",
		"mage fg:statuz":                "mage fg:",
		"mage fg:start -timeout=soon":   "mage fg:",
		"go run ./vendored/main statuz": "go run ./vendored/main ",
	} {
		out, _ := m.runProgram(typed + " -jq '.error.hint' -raw")
		if hint := regexp.MustCompile(`(\S.*\S )?(\S+:)?(help lists|start \[)`).FindString(out); hint == "" ||
			!strings.Contains(out, name+"help lists") && !strings.Contains(out, name+"start [") ||
			strings.Contains(strings.ReplaceAll(out, name, ""), "mage") {
			t.Errorf("%s has the hint %q, which should say %q", typed, out, name)
		}
	}
	if out, err := m.runProgram("mage fg:version -jq .command -raw && mage hello 2>&1"); out != "version\nhello\n" || err != nil {
		t.Errorf("%q %v", out, err)
	}
	m.testSupervisorSpeaksForItsClient()
}

// testSupervisorSpeaksForItsClient: the supervisor prints no commands itself, and what it
// answers names the program of the one who asks, whoever started it.
func (m *otherModule) testSupervisorSpeaksForItsClient() {
	m.shell("flowgate init " + freePorts(m.t) + " && flowgate start")
	m.t.Cleanup(func() { _, _ = m.runProgram("flowgate stop -force") })
	m.shell(
		`sed -i.old 's/runtime: embedded/runtime: command\n    command: {args: [sh, -c, "exit 3"]}/' config/flowgate.yaml &&` +
			" flowgate trust",
	)
	for _, name := range []string{"mage fg:", "go tool flowgate "} {
		out, err := m.runProgram(name + "restart litellm -jq .error.hint -raw")
		if err == nil || !strings.Contains(out, "; "+name+"logs litellm shows more") {
			m.t.Errorf("%srestart has the hint %q", name, out)
		}
	}
}

// otherModule is a Go module that uses this one from its source tree.
type otherModule struct {
	t          *testing.T
	dir, state string
}

func newOtherModule(t *testing.T) *otherModule {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := &otherModule{t, dir, t.TempDir()}
	source, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	loadModuleGraph(t)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	m.write("go.sum", string(sums))
	m.write(
		"go.mod",
		fmt.Sprintf("module example.com/own\n\ngo 1.26.0\n\nreplace github.com/flowgate-go/flowgate => %s\n", source),
	)
	m.write(
		"vendored/main/main.go",
		"package main\n\nimport (\n\t\"os\"\n\n\t\"github.com/flowgate-go/flowgate/tasks\"\n)\n\n"+
			"func main() { os.Exit(tasks.Main(os.Args)) }\n",
	)
	return m
}

// loadModuleGraph has the go.mod files of all modules that FlowGate's own modules name in the module cache: go get
// reads more of them than a build in this repository does, and the commands of an otherModule have no network.
func loadModuleGraph(t *testing.T) {
	t.Helper()
	graph := exec.Command("go", "mod", "graph")
	graph.Dir = root
	if out, err := graph.CombinedOutput(); err != nil {
		t.Fatalf("go mod graph: %v\n%s", err, out)
	}
}

func (m *otherModule) write(name, text string) {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func (m *otherModule) shell(line string) {
	m.t.Helper()
	if out, err := m.runProgram(line + " 2>&1"); err != nil {
		m.t.Fatalf("%s: %v\n%s", line, err, out)
	}
}

func (m *otherModule) runProgram(line string) (string, error) {
	m.t.Helper()
	cmd := subprocess.Command(context.Background(), "sh", "-c", line)
	cmd.Dir = m.dir
	// As somebody who just has Go compiles them, and as mage compiled this repository's targets: the build cache has the
	// packages, unless the tests run without mage.
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod '-ldflags=-s -w'", "GOPROXY=off", "GOSUMDB=off", "GOWORK=off",
		"GOTOOLCHAIN=local", "GOBIN="+filepath.Join(m.dir, "bin"), "MAGEFILE_CACHE="+filepath.Join(m.dir, "cache"),
		"PATH="+filepath.Join(m.dir, "bin")+":"+os.Getenv("PATH"), "XDG_STATE_HOME="+m.state)
	out, err := cmd.Output()
	return string(out), err
}

// mageVersion returns the version of mage that this module needs.
func mageVersion(t *testing.T) string {
	t.Helper()
	list := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/magefile/mage")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
