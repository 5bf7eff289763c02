package tripwire_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/rightstest"
)

// hostile are configurations: %[1]d and %[2]d are ports that are listened on,
// %[3]s is the user's home, %[4]s the checkout.
var hostile = map[string]string{
	"no configuration": "",
	"commands": `config_version: 2
paths: {runtime_dir: ../.router/runtime, active_config: ../.router/runtime/a.yaml, state_file: ../.router/runtime/state.json, log_file: ../.router/runtime/events.log}
services:
  litellm:
    port: %[1]d
    command: {args: [./trip, router], cwd: ..}
    env: {LD_PRELOAD: ./trip.so}
    probes: {startup: {command: [./trip, startup]}, readiness: {command: [%[4]s/trip, readiness]}, liveness: {command: [%[4]s/trip, liveness]}}
  cliproxyapi_plus:
    port: %[2]d
    command: {args: [%[4]s/trip, upstream], cwd: ..}
    probes: {readiness: {command: [%[4]s/trip, upstream-readiness]}}
credentials: {upstream: {gateway: {file: %[3]s/.ssh/id_ed25519}}}
litellm_base:
  general_settings: {master_key_ref: gateway}
  litellm_settings: {callbacks: [litellm.hook]}
  model_list: [{model_name: a, litellm_params: {model: openai/a, api_base: "http://127.0.0.1:%[2]d/v1", api_key_ref: gateway}}]
profiles: {p: {}}
auth: {providers: {codex: {methods: [command], command: [%[4]s/trip, signin], credential_file: %[3]s/.ssh/config}}}
secret_files: [%[3]s/public/index.html, %[3]s/.bashrc]
`,
	"paths": `config_version: 2
paths: {runtime_dir: %[3]s/public, active_config: %[3]s/.bashrc, state_file: %[3]s/.ssh/config, log_file: %[3]s/events.log}
services:
  litellm: {port: %[1]d, runtime: embedded}
  cliproxyapi_plus: {port: %[2]d, runtime: echo}
litellm_base: {model_list: []}
profiles: {p: {}}
`,
	"runtimes": `config_version: 2
paths: {runtime_dir: ../.router/runtime, active_config: ../.router/runtime/a.yaml, state_file: ../.router/runtime/state.json, log_file: ../.router/runtime/events.log}
services:
  litellm: {port: %[1]d, runtime: litellm}
  cliproxyapi_plus: {port: %[2]d, runtime: cliproxyapi}
litellm_base: {model_list: []}
profiles: {p: {}}
`,
	"version 1": `config_version: 1
paths: {runtime_dir: ../.router/runtime, active_config: ../.router/runtime/a.yaml, state_file: ../.router/runtime/state.json, log_file: ../.router/runtime/events.log}
services:
  litellm: {host: 127.0.0.1, port: %[1]d, health_path: /health/readiness, depends_on: [cliproxyapi], command: {cwd: "..", args: [./trip, router]}}
  cliproxyapi: {host: 127.0.0.1, port: %[2]d, health_path: /, command: {cwd: "..", args: [%[4]s/trip, upstream]}}
litellm_base:
  model_list: [{model_name: a, litellm_params: {model: openai/a, api_base: "http://127.0.0.1:%[2]d/v1", api_key: os.environ/HOME}}]
  general_settings: {custom_auth: litellm.hook}
profiles: {p: {}}
secrets: [%[3]s/.bashrc, ../.router/link]
credentials: {upstream: {gateway: {file: %[3]s/.ssh/id_ed25519}}}
oauth:
  codex: {method: command, command: [%[4]s/trip, signin]}
`,
	"version 3": `config_version: 3
paths: {runtime_dir: ../.router/runtime, log_file: %[3]s/events.log}
cliproxyapi_plus: {config_file: ../cliproxyapi.yaml}
secret_files: [%[3]s/.ssh/id_ed25519]
`,
	"json": `{"config_version": 2,
"paths": {"runtime_dir": "../.router/runtime", "active_config": "../hooks/pre-commit", "state_file": "${HOME}/.ssh/config", "log_file": "${HOME}/events.log"},
"services": {
  "litellm": {"port": %[1]d, "runtime": "embedded", "probes": {"readiness": {"command": ["sh", "-c", "%[4]s/trip readiness"]}}},
  "cliproxyapi_plus": {"port": %[2]d, "runtime": "cliproxyapi", "env": {"PATH": "%[4]s", "PYTHONPATH": "%[4]s", "LD_LIBRARY_PATH": "%[4]s"}}},
"litellm_base": {"model_list": [], "include": ["%[3]s/.bashrc"]}, "profiles": {"p": {}},
"auth": {"providers": {"codex": {"methods": ["oauth_poll"], "base_url": "http://127.0.0.1:%[2]d", "key_file": "%[3]s/.ssh/id_ed25519"}}}}
`,
}

func TestNothingOfAnUntrustedCheckoutIsExecutedWrittenOrDialled(t *testing.T) {
	t.Parallel()
	all := commands(t)
	for name, config := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCheckout(t)
			c.plant(c.fill(config))
			refusal := "not-trusted"
			if config == "" {
				refusal = "state-untrusted"
				c.mayWrite = true // the built-in default may write below .router
			}
			c.refuses(refusal, nil)
			c.runAll(deal(all, turns[name], true), nil)
			if _, err := os.Stat(filepath.Join(c.home, ".local/state/flowgate/trusted")); err == nil && config != "" {
				t.Error("something was recorded as trusted")
			}
		})
	}
}

// TestAnotherUsersCheckoutIsNotObeyed: the user works in a folder of another's.
func TestAnotherUsersCheckoutIsNotObeyed(t *testing.T) {
	t.Parallel()
	all := commands(t)
	for i, name := range foreign {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCheckout(t)
			c.plant(c.fill(hostile[name]))
			if name == "no configuration" {
				c.refuses("not-yours", rightstest.Other)
			} else {
				c.refuses("not-trusted", rightstest.Other) // root is obeyed by all, when the user says so
			}
			c.runAll(deal(all, turn{i, len(foreign)}, name == "no configuration"), rightstest.Other)
		})
	}
}

// TestRootObeysNoOtherUsersCheckout: root works in a folder of an ordinary user's.
func TestRootObeysNoOtherUsersCheckout(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give files away")
	}
	all := commands(t)
	for i, name := range foreign {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCheckout(t)
			c.plant(c.fill(hostile[name]))
			err := filepath.WalkDir(c.tree, func(path string, _ fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				return os.Lchown(path, 65534, 65534)
			})
			if err != nil {
				t.Fatal(err)
			}
			c.refuses("not-yours", nil)
			c.runAll(deal(all, turn{i, len(foreign)}, name == "no configuration"), nil)
		})
	}
}

// turn is the place of a checkout among those that share command lines.
type turn struct{ n, of int }

// turns are those of the command lines with a flag: each is run in two of the seven checkouts. The
// configuration "commands" gets them all: it holds most of what can be executed, in the current version. The
// others take turns, so that each target with some flags meets each way to name programs and files; a
// configuration is read and refused before a flag has a part in it. The targets alone are run in all seven.
var turns = map[string]turn{
	"commands": {0, 1}, "no configuration": {0, 6}, "version 1": {1, 6}, "runtimes": {2, 6}, "paths": {3, 6},
	"version 3": {4, 6}, "json": {5, 6},
}

// foreign are the configurations in checkouts of another user. There the owner is what is refused, whatever a
// configuration says: with one, the command lines take turns, and without one, where the state is refused by
// another way, the targets alone are run as well.
var foreign = []string{"commands", "paths", "no configuration"}

// deal returns the command lines whose turn it is; with alone, also all targets without a flag.
func deal(all [][]string, t turn, alone bool) (dealt [][]string) {
	for i, words := range all {
		isFirst := i == 0 || all[i-1][0] != words[0] // of its target: without a flag
		if i%t.of == t.n || alone && isFirst {
			dealt = append(dealt, words)
		}
	}
	return dealt
}

// refuses fails the test when a checkout is refused for another reason than the one that is tested: in a
// folder of temporary files that others can write without its sticky bit, every one is refused for that.
func (c *checkout) refuses(code string, become func(*testing.T, string, ...string) *exec.Cmd) {
	c.t.Helper()
	if out := c.run([]string{"start"}, become); !strings.Contains(out, `"code":"`+code+`"`) {
		c.t.Fatalf("start does not fail with %s, so the test would show little: %s", code, out)
	}
}

func (c *checkout) fill(config string) string {
	if config == "" {
		return ""
	}
	text := fmt.Sprintf(config, c.ports[0], c.ports[1], c.home, c.tree)
	text, _, _ = strings.Cut(text, "%!(EXTRA") // of what a configuration does not use
	return text
}

// run runs one command line in the checkout and fails the test when a tripwire
// fires, a port is dialled, or the bystander ends. It returns what was printed.
// become makes another user of it.
func (c *checkout) run(words []string, become func(*testing.T, string, ...string) *exec.Cmd) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, words...)
	if become != nil {
		cmd = become(c.t, binary, words...)
	}
	cmd.Dir = c.tree
	cmd.Env = c.environment()
	cmd.Stdin = strings.NewReader("")
	out := c.output(cmd, isServer(words))
	if ctx.Err() != nil {
		c.t.Errorf("%v did not end", words)
	}
	if strings.Contains(out, "goroutine ") {
		c.t.Errorf("%v: %s", words, out)
	}
	if strings.Contains(out, canary) {
		c.t.Errorf("%v shows the user's key: %s", words, out)
	}
	if fired, _ := os.ReadFile(c.fired); len(fired) > 0 {
		c.t.Errorf("%v executed %s", words, fired)
		_ = os.Truncate(c.fired, 0)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.dialled) > 0 {
		c.t.Errorf("%v dialled %v", words, c.dialled)
		c.dialled = nil
	}
	if err := c.bystander.Process.Signal(syscall.Signal(0)); err != nil || hasEnded(c.bystander.Process.Pid) {
		c.t.Fatalf("%v ended a process that a planted file names", words)
	}
	return out
}

func (c *checkout) environment() []string {
	return []string{"HOME=" + c.home, "TMPDIR=" + filepath.Join(c.base, "tmp"), "PATH=/usr/local/bin:/usr/bin:/bin",
		"GIT_CONFIG_GLOBAL=/dev/null", "CI=true",
		"GOGC=off"} // a process that ends at once need not collect: a quarter of its time
}

// output runs the command and returns what it printed. A server is asked to end
// after half a second: it would run for ever.
func (c *checkout) output(cmd *exec.Cmd, server bool) string {
	c.t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	if server {
		timer := time.AfterFunc(500*time.Millisecond, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
		defer timer.Stop()
	}
	_ = cmd.Wait() // most are refused: what matters is what they do
	return out.String()
}

// hasEnded reports whether a process of ours is gone but for its exit status.
func hasEnded(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false // macOS
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "Z")
}

func isServer(words []string) bool {
	return strings.HasSuffix(words[0], ":serve") || words[0] == "supervisor:run" ||
		strings.Contains(strings.Join(words, " "), "-follow")
}
