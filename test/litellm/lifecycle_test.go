package litellm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/test/litellm"
)

// oldConfig is a flowgate.yaml as the Python tool had them: a command in place
// of a runtime, cooldown settings under litellm_settings, no master key.
const oldConfig = `config_version: 2
paths:
  runtime_dir: "../.router/runtime"
  active_config: "../.router/runtime/litellm.active.yaml"
  state_file: "../.router/runtime/state.json"
  log_file: "../.router/runtime/events.log"
services:
  litellm:
    host: "127.0.0.1"
    port: %[1]d
    readiness_path: "/health/readiness"
    command:
      cwd: ".."
      args: [".router/runtime/bin/litellm", "--config", ".router/runtime/litellm.active.yaml", "--host", "127.0.0.1", "--port", "%[1]d"]
    env: {LITELLM_LOCAL_MODEL_COST_MAP: "True"}
  cliproxyapi_plus:
    host: "127.0.0.1"
    port: %[2]d
    readiness_path: "/"
    command:
      cwd: ".."
      args: ["%[3]s", "echo:serve", "-port=%[2]d"]
credentials:
  upstream:
    cliproxy_default: {file: "../.router/secrets/upstream_cliproxyapi_api_key"}
litellm_base:
  model_list:
    - model_name: "router-default"
      litellm_params: {model: "openai/router-default", api_base: "http://127.0.0.1:%[2]d/v1", api_key_ref: "cliproxy_default"}
    - model_name: "router-cheap"
      litellm_params: {model: "openai/router-cheap", api_base: "http://127.0.0.1:%[2]d/v1", api_key: "os.environ/CUSTOM_API_KEY"}
  litellm_settings: {num_retries: 1, request_timeout: 30, allowed_fails: 2, cooldown_time: 10}
profiles:
  reliability:
    litellm_settings: {num_retries: 3, allowed_fails: 1, cooldown_time: 60, fallbacks: [{router-default: ["router-cheap"]}]}
  cost:
    litellm_settings: {num_retries: 1, allowed_fails: 3, cooldown_time: 10, fallbacks: [{router-cheap: ["router-default"]}]}
secret_files: ["../.router/auths/codex.json"]
`

// installation is a folder with an old configuration and the compiled binary.
type installation struct {
	t      *testing.T
	dir    string
	binary string
	env    []string
}

func TestFlowGateRunsTheRealLiteLLMFromAnOldConfiguration(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.run(1, "health")
	started := in.run(0, "start")
	pid := in.service(started, "litellm").PID
	if s := in.service(started, "litellm"); !s.Live || !s.Ready || pid == 0 {
		t.Fatalf("%+v", s)
	}
	in.run(0, "health")
	if again := in.run(0, "start"); in.service(again, "litellm").PID != pid {
		t.Fatal("start is not idempotent: LiteLLM was started anew")
	}
	in.run(0, "smoke")
	in.wantHealthy()
	in.run(0, "profile:set", "reliability")
	after := in.run(0, "status")
	if s := in.service(after, "litellm"); s.PID == pid || !s.Ready || after.Data.Profile != "reliability" {
		t.Fatalf("profile:set did not restart LiteLLM: %+v", after.Data)
	}
	in.wantPage()
	in.wantNotLogged("sk-old-upstream-key-0123456789")
	in.run(0, "stop")
	if s := in.service(in.run(0, "status"), "litellm"); s.Live || s.State != "stopped" {
		t.Fatalf("%+v", s)
	}
	in.wantPortsFree()
}

func TestSmokeTakesItsStepsThroughTheRealLiteLLM(t *testing.T) {
	t.Parallel()
	in := install(t)
	r := in.run(0, "smoke", "-runtime=litellm")
	var passed []string
	for _, c := range r.Checks {
		if c.Status == "pass" {
			passed = append(passed, c.ID)
		}
	}
	for _, id := range []string{"services.started", "models.listed", "chat.answered", "chat.streamed", "messages.answered",
		"responses.answered", "responses.streamed", "messages.streamed",
		"tokens.counted", "key.refused", "fallback.taken", "logs.clean"} {
		if !slices.Contains(passed, id) {
			t.Errorf("%s did not pass", id)
		}
	}
}

func install(t *testing.T) *installation {
	t.Helper()
	required(t)
	bin, err := litellm.Venv(t.Context(), litellm.Options{Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{t: t, dir: t.TempDir()}
	if in.binary, err = subprocess.CompileFlowGate(t.Context(), "../..", in.dir); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"config", ".router/secrets", ".router/runtime/bin"} {
		check(t, os.MkdirAll(filepath.Join(in.dir, d), 0o700))
	}
	check(t, os.Symlink(bin, filepath.Join(in.dir, ".router/runtime/bin/litellm")))
	check(t, os.WriteFile(filepath.Join(in.dir, ".router/secrets/upstream_cliproxyapi_api_key"),
		[]byte("sk-old-upstream-key-0123456789\n"), 0o600))
	check(t, os.WriteFile(filepath.Join(in.dir, "config/flowgate.yaml"),
		fmt.Appendf(nil, oldConfig, tcptest.FreePort(t), tcptest.FreePort(t), in.binary), 0o600))
	in.env = append(os.Environ(), "CUSTOM_API_KEY=sk-custom-0123456789", "FLOWGATE_LITELLM="+bin,
		"XDG_STATE_HOME="+t.TempDir())
	t.Cleanup(in.stopAll)
	in.run(0, "trust")
	return in
}

// wantPage expects that the page shows what the supervisor knows of LiteLLM, and whose business usage is.
func (in *installation) wantPage() {
	in.t.Helper()
	link := in.run(0, "page", "-print").Data.URL
	jar, err := cookiejar.New(nil)
	check(in.t, err)
	browser := &http.Client{Jar: jar, Timeout: time.Minute}
	base, _, _ := strings.Cut(link, "/open/")
	text := ""
	for _, url := range []string{link, base + "/"} {
		res, err := browser.Get(url)
		check(in.t, err)
		body, err := io.ReadAll(res.Body)
		check(in.t, errors.Join(err, res.Body.Close()))
		if text = html.UnescapeString(string(body)); res.StatusCode != http.StatusOK {
			in.t.Fatalf("%s: %d %s", url, res.StatusCode, text)
		}
	}
	for _, want := range []string{"litellm<span class=\"under\">", ">ready<", "value=\"reliability\" checked",
		"Requests, tokens and costs are LiteLLM's own business here.", "the router is LiteLLM, which keeps no quota windows", "profile changed: from", "Events of the last day"} {
		if !strings.Contains(text, want) {
			in.t.Errorf("the page lacks %q: %s", want, text)
		}
	}
	if strings.Contains(text, "chart-requests") {
		in.t.Error("the page has charts of what nobody counts")
	}
}

// stopAll stops what a test that failed half-way left running.
func (in *installation) stopAll() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stop := exec.CommandContext(ctx, in.binary, "stop")
	stop.Dir, stop.Env = in.dir, in.env
	_ = stop.Run()
}

type service struct {
	Name, State string
	Version     string
	PID         int
	Live, Ready bool
}

type document struct {
	OK   bool
	Data struct {
		Profile  string
		URL      string
		Services []service
		Changed  any
		Verified bool
		Probes   []struct{ Status string }
	}
	Checks []struct{ ID, Status string }
	Error  any
}

// run runs a target and expects its exit status.
func (in *installation) run(want int, args ...string) document {
	in.t.Helper()
	cmd := exec.CommandContext(in.t.Context(), in.binary, args...)
	cmd.Dir, cmd.Env = in.dir, in.env
	out, err := cmd.Output()
	status := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		status = exit.ExitCode()
	}
	var doc document
	if json.Unmarshal(out, &doc) != nil || status != want {
		in.t.Fatalf("%v: exit %d (%v)\n%s", args, status, err, out)
	}
	return doc
}

func (in *installation) service(d document, name string) service {
	in.t.Helper()
	i := slices.IndexFunc(d.Data.Services, func(s service) bool { return s.Name == name })
	if i < 0 {
		in.t.Fatalf("no service %s in %+v", name, d)
	}
	return d.Data.Services[i]
}

// wantHealthy expects doctor to find nothing worse than what is odd about the old
// configuration, on a healthy stack with the real LiteLLM: settings in the wrong
// place, allowed_fails: 3 in the profile cost, no folder of credentials.
func (in *installation) wantHealthy() {
	in.t.Helper()
	for _, c := range in.run(0, "doctor").Checks {
		must := slices.Contains([]string{"models.served", "litellm.python", "litellm.prisma", "runtimes.good",
			"ports.available", "services.ready", "stack.environment"}, c.ID)
		if must && c.Status != "pass" || c.Status == "warn" &&
			!slices.Contains([]string{"config.settings", "settings.effective", "folder.present"}, c.ID) {
			in.t.Errorf("%s: %s", c.ID, c.Status)
		}
	}
}

// wantNotLogged expects a secret to be in no log.
func (in *installation) wantNotLogged(secret string) {
	in.t.Helper()
	check(in.t, filepath.WalkDir(filepath.Join(in.dir, ".router"), func(path string, d os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".log" {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), secret) {
			in.t.Errorf("%s holds the upstream key", path)
		}
		return err
	}))
}

// wantPortsFree expects that nobody listens on the installation's ports any more.
func (in *installation) wantPortsFree() {
	in.t.Helper()
	text, err := os.ReadFile(filepath.Join(in.dir, "config/flowgate.yaml"))
	check(in.t, err)
	for line := range strings.Lines(string(text)) {
		if number, ok := strings.CutPrefix(strings.TrimSpace(line), "port: "); ok {
			if c, err := net.Dial("tcp", "127.0.0.1:"+number); err == nil {
				_ = c.Close()
				in.t.Errorf("somebody still listens on %s", number)
			}
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
