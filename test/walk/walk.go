// Package walk types the walks of docs/first-steps.md, for tests: Read returns them, Type types
// the commands of one in a folder of its own, before an upstream that plays the provider and has
// chat completions only.
//
// It changes nothing in the commands but the ports, which walks at the same time cannot share.
package walk

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/echo"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

// answer is what the provider's model answers in every walk: the prompt, with what the agent put
// before it.
var answer = regexp.MustCompile(`(?s)echo: .*Say hello`)

// HasAnswer reports whether the output of an agent has the answer of the provider's model.
func HasAnswer(output string) bool { return answer.MatchString(output) }

// providerKey is the key that the provider accepts.
const providerKey = "sk-walk-0123456789abcdef"

// Walk is one walk of the page.
type Walk struct {
	Title    string // of its section
	Commands []string
}

// Row is one row of the table at the top of the page.
type Row struct {
	Title    string // of the section that it leads to, as an anchor
	Commands int
	Seconds  int
}

var (
	section = regexp.MustCompile("(?s)\n## ([^\n]*)\n(.*?)\n```console\n(.*?)```")
	row     = regexp.MustCompile(`(?m)^\| \[[^]]*\]\(#([^)]*)\) \|[^|]*\| (\d+) \| (\d+) \|$`)
)

// Read returns the walks of the page, and the rows of its table in the same order.
func Read(t testing.TB, root string) ([]Walk, []Row) {
	t.Helper()
	subprocess.DependOnSource()
	text, err := os.ReadFile(filepath.Join(root, "docs", "first-steps.md"))
	if err != nil {
		t.Fatal(err)
	}
	var walks []Walk
	for _, m := range section.FindAllStringSubmatch(string(text), -1) {
		w := Walk{Title: m[1]}
		for line := range strings.Lines(m[3]) {
			w.Commands = append(w.Commands, strings.TrimPrefix(strings.TrimSpace(line), "$ "))
		}
		walks = append(walks, w)
	}
	var rows []Row
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		commands, _ := strconv.Atoi(m[2]) // the expression matches numbers only
		seconds, _ := strconv.Atoi(m[3])
		rows = append(rows, Row{m[1], commands, seconds})
	}
	if len(walks) == 0 || len(walks) != len(rows) {
		t.Fatalf("the page has %d walks and %d rows", len(walks), len(rows))
	}
	return walks, rows
}

// place is the folder in which a walk is typed, with what its user has.
type place struct {
	testing.TB
	dir, binary      string
	router, upstream int // ports
	provider         string
}

// Type types the commands of a walk with the compiled binary; agents is the folder of the
// agents' programs. It returns what the last command printed and how long all took, and stops
// the stack at the end of the test.
func Type(t testing.TB, w Walk, binary, agents string) (output string, took time.Duration) {
	t.Helper()
	ports, err := tcp.FreePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	provider := httptest.NewServer(echo.New(echo.Options{Keys: []string{providerKey}, Only: []string{"/v1/chat/completions"}}))
	t.Cleanup(provider.Close)
	p := &place{t, t.TempDir(), binary, ports[0], ports[1], provider.URL}
	p.write("bin/flowgate", "#!/bin/sh\nFLOWGATE_PROGRAM=flowgate exec "+binary+" \"$@\"\n", 0o700)
	p.write("home/.keep", "", 0o600)
	path := "PATH=" + p.path("bin") + ":" + agents + ":" + os.Getenv("PATH")
	switch {
	case strings.Contains(w.Title, "LiteLLM"):
		p.write("work/config.yaml", litellmFile, 0o600)
	case strings.Contains(w.Title, "Python"):
		p.leavePythonTool(path)
	}
	t.Cleanup(func() { _, _ = p.shell(path, "flowgate stop") })
	begin := time.Now()
	for _, command := range w.Commands {
		if output, err = p.shell(path, p.withPorts(command)); err != nil {
			t.Fatalf("%s: %s: %v\n%s", w.Title, command, err, output)
		}
	}
	return output, time.Since(begin)
}

// withPorts returns a command with the ports of this walk.
func (p *place) withPorts(command string) string {
	return strings.ReplaceAll(command, "flowgate init ",
		fmt.Sprintf("flowgate init -port=%d -upstream-port=%d ", p.router, p.upstream))
}

// path returns a path below the folder of the walk.
func (p *place) path(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

// write writes a file below the folder of the walk.
func (p *place) write(name, text string, mode os.FileMode) {
	p.Helper()
	text = strings.NewReplacer("ROUTER_PORT", strconv.Itoa(p.router), "UPSTREAM_PORT", strconv.Itoa(p.upstream)).Replace(text)
	err := os.MkdirAll(filepath.Dir(p.path(name)), 0o700)
	if err == nil {
		err = os.WriteFile(p.path(name), []byte(text), mode)
	}
	if err != nil {
		p.Fatal(err)
	}
}

// shell runs a command in the folder of the walk, as a user who has only the provider's key.
func (p *place) shell(path, command string) (string, error) {
	if err := os.MkdirAll(p.path("work"), 0o700); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(p.Context(), "sh", "-c", command)
	if p.Context().Err() != nil { // at the end of the test
		cmd = exec.Command("sh", "-c", command)
	}
	cmd.Dir = p.path("work")
	cmd.Env = []string{
		path, "HOME=" + p.path("home"), "XDG_STATE_HOME=" + p.path("state"), "TMPDIR=" + os.TempDir(),
		"OPENROUTER_API_KEY=" + providerKey, "OPENROUTER_API_BASE=" + p.provider + "/v1",
		"DISABLE_TELEMETRY=1", "DISABLE_AUTOUPDATER=1",
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// litellmFile is what a user of LiteLLM has.
const litellmFile = `
model_list:
  - model_name: router-default
    litellm_params: {model: openrouter/vendor/large, api_key: os.environ/OPENROUTER_API_KEY}
  - model_name: router-cheap
    litellm_params: {model: openrouter/vendor/small, api_key: os.environ/OPENROUTER_API_KEY}
general_settings: {master_key: sk-litellm-0123456789}
`

// pythonFile is what a user of the Python tool has: its common example. Doubles play the two
// programs, since the real ones are not on every machine.
const pythonFile = `
config_version: 2
paths:
  runtime_dir: ../.router/runtime
  active_config: ../.router/runtime/litellm.active.yaml
  state_file: ../.router/runtime/state.json
  log_file: ../.router/runtime/events.log
services:
  litellm:
    host: 127.0.0.1
    port: ROUTER_PORT
    readiness_path: /health/readiness
    command:
      cwd: ".."
      args: [.router/runtime/bin/litellm, "router:serve", "-settings=.router/runtime/litellm.active.yaml", "-port=ROUTER_PORT"]
  cliproxyapi_plus:
    host: 127.0.0.1
    port: UPSTREAM_PORT
    readiness_path: "/"
    command:
      cwd: ".."
      args: [.router/runtime/bin/CLIProxyAPIPlus, "echo:serve", "-port=UPSTREAM_PORT"]
litellm_base:
  model_list:
    - model_name: router-default
      litellm_params: {model: openai/router-default, api_base: "http://127.0.0.1:UPSTREAM_PORT/v1", api_key_ref: upstream}
    - model_name: router-cheap
      litellm_params: {model: openai/router-cheap, api_base: "http://127.0.0.1:UPSTREAM_PORT/v1", api_key_ref: upstream}
profiles:
  reliability: {litellm_settings: {num_retries: 3}}
  balanced: {litellm_settings: {num_retries: 2}}
  cost: {litellm_settings: {num_retries: 1}}
credentials:
  upstream: {upstream: {file: ../.router/secrets/upstream_cliproxyapi_api_key}}
integration: {default_model: router-default, fast_model: router-cheap}
`

// leavePythonTool makes the folder of the Python tool, whose upstream still runs.
func (p *place) leavePythonTool(path string) {
	p.Helper()
	p.write("work/config/flowgate.yaml", pythonFile, 0o600)
	p.write("work/.router/secrets/upstream_cliproxyapi_api_key", "sk-old-upstream-0123456789\n", 0o600)
	p.write("work/.router/runtime/pids/.keep", "", 0o600)
	program, err := os.ReadFile(p.binary)
	if err != nil {
		p.Fatal(err)
	}
	for _, name := range [...]string{"CLIProxyAPIPlus", "litellm"} {
		p.write("work/.router/runtime/bin/.keep", "", 0o600)
		if err := os.WriteFile(p.path("work/.router/runtime/bin/"+name), program, 0o700); err != nil {
			p.Fatal(err)
		}
	}
	out, err := p.shell(path, fmt.Sprintf(`.router/runtime/bin/CLIProxyAPIPlus echo:serve -port=%d >/dev/null 2>&1 &
		echo "{\"pid\": $!}" > .router/runtime/pids/cliproxyapi_plus.pid
		until curl -s -o /dev/null 127.0.0.1:%[1]d; do sleep 0.05; done`, p.upstream))
	if err != nil {
		p.Fatalf("%v\n%s", err, out)
	}
}
