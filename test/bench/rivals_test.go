package bench_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/test/bench/claudecoderouter"
	"github.com/flowgate-go/flowgate/test/litellm"
)

// rival is one of the routers that BenchmarkSideBySide compares.
type rival struct {
	name    string
	lacks   string // the client's dialect that it does not serve
	isSlow  bool   // it gets longer to answer enough requests
	command func(b *testing.B, dialect, upstream, port string) *exec.Cmd
}

// rivals begins with the native path, which is what the others are compared with.
func rivals() []rival {
	return []rival{
		{name: "FlowGate, native", command: func(b *testing.B, dialect, upstream, port string) *exec.Cmd {
			return routerCommand(b, upstream, dialect, port)
		}},
		{name: "FlowGate, translated", command: func(b *testing.B, _, upstream, port string) *exec.Cmd {
			return routerCommand(b, upstream, "chat", port)
		}},
		{name: "CLIProxyAPI", command: cliproxyapiCommand},
		{name: "LiteLLM " + litellm.Version, isSlow: true, command: litellmCommand},
		{name: "claude-code-router", lacks: "responses", isSlow: true, command: claudeCodeRouterCommand},
	}
}

// startServer starts a rival and waits for its first good answer.
func (r *rival) begin(b *testing.B, dialect, upstream string) *server {
	b.Helper()
	addr := fmt.Sprintf("127.0.0.1:%d", tcptest.FreePort(b))
	_, port, _ := strings.Cut(addr, ":")
	cmd := r.command(b, dialect, upstream, port)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	s := &server{addr, cmd}
	if err := s.awaitAnswer(dialect); err != nil {
		b.Fatalf("%s: %v", r.name, err)
	}
	return s
}

// cliproxyapiCommand builds CLIProxyAPI from the module that test/oracle pins.
func cliproxyapiCommand(b *testing.B, _, upstream, port string) *exec.Cmd {
	b.Helper()
	program := filepath.Join(b.TempDir(), "cli-proxy-api")
	build := exec.Command("go", "build", "-o", program, "github.com/router-for-me/CLIProxyAPI/v7/cmd/server")
	build.Dir = "../oracle"
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building CLIProxyAPI: %v\n%s", err, out)
	}
	cmd := exec.Command(program, "-config", writeSettings(b, "config.yaml", fmt.Sprintf("host: 127.0.0.1\nport: %s\n"+
		"auth-dir: %s\napi-keys: [%s]\nopenai-compatibility:\n  - name: up\n    base-url: http://%s/v1\n"+
		"    api-key-entries: [{api-key: k}]\n    models: [{name: up, alias: m}]\n", port, b.TempDir(), benchKey, upstream)))
	cmd.Dir = b.TempDir()
	return cmd
}

// litellmCommand has LiteLLM's own providers for which it asks chat completions only.
func litellmCommand(b *testing.B, dialect, upstream, port string) *exec.Cmd {
	b.Helper()
	bin, err := litellm.Venv(b.Context(), litellm.Options{Progress: os.Stderr})
	if err != nil {
		b.Fatal(err)
	}
	provider := map[string]string{"messages": "hosted_vllm", "responses": "deepseek"}[dialect]
	settings := writeSettings(b, "settings.yaml", fmt.Sprintf("model_list: [{model_name: m, litellm_params: "+
		"{model: %s/up, api_base: \"http://%s/v1\", api_key: k}}]\ngeneral_settings: {master_key: %s}\n"+
		"litellm_settings: {num_retries: 0}\n", provider, upstream, benchKey))
	cmd := exec.Command(bin, "--config", settings, "--host", "127.0.0.1", "--port", port)
	cmd.Dir, cmd.Env = b.TempDir(), append(os.Environ(), "LITELLM_LOCAL_MODEL_COST_MAP=True")
	return cmd
}

func claudeCodeRouterCommand(b *testing.B, _, upstream, port string) *exec.Cmd {
	b.Helper()
	bin, err := claudecoderouter.Install(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	settings := writeSettings(b, ".claude-code-router/config.json", fmt.Sprintf(`{"HOST":"127.0.0.1","PORT":%s,`+
		`"APIKEY":%q,"LOG":false,"NON_INTERACTIVE_MODE":true,"Router":{"default":"p,up"},"Providers":[{"name":"p",`+
		`"api_key":"k","api_base_url":"http://%s/v1/chat/completions","models":["up"]}]}`, port, benchKey, upstream))
	cmd := exec.Command("node", bin, "start")
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(filepath.Dir(settings)))
	return cmd
}

// writeSettings writes a file into a folder of its own and returns its path.
func writeSettings(b *testing.B, name, text string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}
