package metrics_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

// masterKey is the gateway key.
const masterKey = "sk-metrics-master-0123456789"

// configuration is of a router before the upstream at %s.
const configuration = `model_list:
  - {model_name: m, litellm_params: {model: openai/gpt-4o, api_base: "%[1]s/v1", api_key: k-up-canary, rpm: 600, tpm: 90000,
      input_cost_per_token: 0.00001, output_cost_per_token: 0.00002}, model_info: {id: id-m}}
  - {model_name: broken, litellm_params: {model: openai/answers-500, api_base: "%[1]s/v1", api_key: k-up-canary}, model_info: {id: id-broken}}
  - {model_name: denied, litellm_params: {model: openai/answers-401, api_base: "%[1]s/v1", api_key: k-up-canary}, model_info: {id: id-denied}}
router_settings:
  num_retries: 0
  cooldown_time: 0.2
  fallbacks: [{broken: [m]}, {denied: [broken]}]
litellm_settings: {callbacks: [prometheus, otel]}
environment_variables: {OTEL_EXPORTER_OTLP_ENDPOINT: "%[2]s", OTEL_METRIC_EXPORT_INTERVAL: 500, OTEL_BSP_SCHEDULE_DELAY: 500}
general_settings: {master_key: ` + masterKey + `}
`

// startUpstream starts a double of OpenAI that tells every kind of token.
func startUpstream(t *testing.T) *httptest.Server {
	t.Helper()
	const usage = `"usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,` +
		`"prompt_tokens_details":{"cached_tokens":40,"cache_write_tokens":8},"completion_tokens_details":{"reasoning_tokens":5}}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Ratelimit-Remaining-Requests", "77")
		w.Header().Set("X-Ratelimit-Limit-Requests", "100")
		w.Header().Set("X-Ratelimit-Remaining-Tokens", "7000")
		w.Header().Set("X-Ratelimit-Limit-Tokens", "9000")
		switch text := string(body); {
		case strings.Contains(text, "answers-500"):
			http.Error(w, `{"error":{"message":"no"}}`, 500)
		case strings.Contains(text, "answers-401"):
			http.Error(w, `{"error":{"message":"no"}}`, 401)
		case strings.Contains(text, `"stream":true`):
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, `data: {"id":"1","object":"chat.completion.chunk","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"canary-reply"}}]}`+"\n\n"+
				`data: {"id":"1","object":"chat.completion.chunk","model":"gpt-4o","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\n"+
				`data: {"id":"1","object":"chat.completion.chunk","model":"gpt-4o","choices":[],`+usage+"}\n\ndata: [DONE]\n\n")
		default:
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"id":"1","object":"chat.completion","model":"gpt-4o","choices":[{"index":0,"finish_reason":"stop",`+
				`"message":{"role":"assistant","content":"canary-reply"}}],`+usage+`}`)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// gateway is the compiled router as a process.
type gateway struct {
	t      *testing.T
	url    string
	keys   clientkey.Store
	client string // a named key with every limit
	reader string // a named key that may read the metrics

	command []string
	process *exec.Cmd
}

// startRouter builds FlowGate and starts its router.
func startRouter(t *testing.T, upstream, collector string) *gateway {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "flowgate")
	build := exec.CommandContext(t.Context(), "go", "build", "-C=../..", "-o="+program, "./cmd/flowgate")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	g := &gateway{t: t, keys: clientkey.Store{Folder: filepath.Join(dir, "secrets")}}
	g.client = g.create("laptop", clientkey.Limits{RPM: lo.ToPtr[int64](100000), TPM: lo.ToPtr[int64](1 << 40),
		MaxBudget: lo.ToPtr(1000.0), BudgetDuration: "7d"})
	g.reader = g.create("prometheus", clientkey.Limits{AllowedRoutes: []string{"/metrics"}})
	settings := filepath.Join(dir, "litellm.yaml")
	if err := os.WriteFile(settings, fmt.Appendf(nil, configuration, upstream, collector), 0o600); err != nil {
		t.Fatal(err)
	}
	ports, err := tcp.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	g.url = fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	g.command = []string{program, "router:serve", "-settings=" + settings, fmt.Sprintf("-port=%d", ports[0]),
		"-keys=" + g.keys.Folder}
	g.restart()
	return g
}

// restart starts the router.
func (g *gateway) restart() {
	g.t.Helper()
	g.process = start(g.t, "router listens", g.command[0], g.command[1:]...)
}

// create creates a named key.
func (g *gateway) create(alias string, l clientkey.Limits) string {
	g.t.Helper()
	issued, err := g.keys.Create(g.t.Context(), alias, l)
	if err != nil {
		g.t.Fatal(err)
	}
	return issued.Key
}

// start starts a program that runs until the test ends, and waits for a line on its stderr.
func start(t *testing.T, line, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program, args...) //nolint:gosec // a program of this test
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready, all := make(chan struct{}), make(chan struct{})
	var last []string
	go func() {
		defer close(all)
		isReady := false
		for s := bufio.NewScanner(stderr); s.Scan(); {
			last = append(last, s.Text())
			if !isReady && strings.Contains(s.Text(), line) {
				isReady = true
				close(ready)
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-all
		_ = cmd.Wait()
	})
	select {
	case <-ready:
	case <-all:
		t.Fatalf("%s ended:\n%s", program, strings.Join(last, "\n"))
	case <-time.After(time.Minute):
		t.Fatalf("%s is not ready after a minute", program)
	}
	return cmd
}

// chat sends a request for a model and returns the status.
func (g *gateway) chat(key, model string, stream bool) int {
	g.t.Helper()
	body := fmt.Sprintf(`{"model":%q,"stream":%t,"messages":[{"role":"user","content":"canary-prompt"}]}`, model, stream)
	req, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// load sends one round of the scripted load.
func (g *gateway) load() {
	for _, key := range []string{masterKey, g.client} {
		g.chat(key, "m", false)
		g.chat(key, "m", true)
		g.chat(key, "broken", false) // falls back to m
		g.chat(key, "denied", false) // falls back to broken, which fails, too
		g.chat(key, "nosuch", false)
	}
}

// metrics returns what GET /metrics answers to a key.
func (g *gateway) metrics(key string) (int, string) {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.url+"/metrics", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// answers reports whether the router answers.
func (g *gateway) answers() bool {
	resp, err := http.Get(g.url + "/health/liveness")
	if err == nil {
		_ = resp.Body.Close()
	}
	return err == nil
}
