package page_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// root is the source tree that the program is built from.
const root = "../.."

// binary compiles the program, once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "flowgate-page-")
	if err != nil {
		return "", err
	}
	return subprocess.CompileFlowGate(context.Background(), root, dir)
})

// stack is a real installation whose stack runs.
type stack struct {
	*testing.T
	dir, program string
	port         int
	env          []string
}

// startStack initialises a folder, adds a deployment at an upstream that tells its quotas, and
// starts the stack.
func startStack(t *testing.T) *stack {
	t.Helper()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{T: t, dir: t.TempDir(), program: program, port: tcptest.FreePort(t)}
	home := filepath.Join(s.dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	s.env = append(os.Environ(), "HOME="+home, "XDG_STATE_HOME="+home, "FLOWGATE_CONFIG=", "FLOWGATE_FORMAT=",
		"FLOWGATE_PROGRAM=mage", "CI=true")
	s.run("init", "-port="+strconv.Itoa(s.port), "-upstream-port="+strconv.Itoa(tcptest.FreePort(t)))
	s.addSubscription()
	s.seedLedger()
	s.run("trust")
	s.run("start")
	t.Cleanup(func() { _, _ = s.try("stop") })
	return s
}

// seedLedger writes requests of the last hour, so that charts have more than a point.
func (s *stack) seedLedger() {
	s.Helper()
	w := ledger.Start(filepath.Join(s.dir, ".router", "usage"), ledger.Options{})
	now := time.Now()
	for ago := 2; ago < 60; ago++ {
		for i := range 20 + ago*ago%17 {
			r := &record.Request{Start: now.Add(-time.Duration(ago) * time.Minute), Client: "codex", Group: "subscription",
				Deployment: "subscription-1", Model: "claude-sonnet-4-5", Provider: "openai", Status: http.StatusOK,
				FirstByte: time.Duration(400+ago*ago%310) * time.Millisecond, Attempts: 1, Cost: 0.0044, CostKnown: true,
				Tokens: record.Tokens{Known: true, Input: 900, Output: 120}}
			if i == 0 && ago%7 == 0 {
				r.Status, r.Class = http.StatusTooManyRequests, "RateLimitError"
			}
			w.Add(r)
		}
	}
	if err := w.Close(); err != nil {
		s.Fatal(err)
	}
}

// addSubscription adds the group subscription, whose upstream is a double of CLIProxyAPI with
// the headers of both subscriptions.
func (s *stack) addSubscription() {
	s.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		now := time.Now()
		for name, value := range map[string]string{
			"Anthropic-Ratelimit-Unified-Status":         "allowed_warning",
			"Anthropic-Ratelimit-Unified-5h-Status":      "allowed",
			"Anthropic-Ratelimit-Unified-5h-Utilization": "0.34",
			"Anthropic-Ratelimit-Unified-5h-Reset":       unix(now.Add(3 * time.Hour)),
			"Anthropic-Ratelimit-Unified-7d-Status":      "allowed_warning",
			"Anthropic-Ratelimit-Unified-7d-Utilization": "0.86",
			"Anthropic-Ratelimit-Unified-7d-Reset":       unix(now.Add(40 * time.Hour)),
			"X-Codex-Primary-Used-Percent":               "12",
			"X-Codex-Primary-Window-Minutes":             "10080",
			"X-Codex-Primary-Reset-At":                   unix(now.Add(100 * time.Hour)),
			"Content-Type":                               "application/json",
		} {
			w.Header().Set(name, value)
		}
		_, _ = w.Write([]byte(`{"id":"1","object":"chat.completion","model":"m","choices":[{"index":0,"finish_reason":"stop",` +
			`"message":{"role":"assistant","content":"hello"}}],"usage":{"prompt_tokens":900,"completion_tokens":120,"total_tokens":1020}}`))
	}))
	s.Cleanup(upstream.Close)
	file := filepath.Join(s.dir, "config", "flowgate.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		s.Fatal(err)
	}
	const list = "  model_list:\n"
	entry := fmt.Sprintf("    - model_name: subscription\n      litellm_params: {model: openai/claude-sonnet-4-5, "+
		"api_base: %q, api_key_ref: upstream}\n      model_info: {id: subscription-1}\n", upstream.URL+"/v1")
	changed := strings.Replace(string(text), list, list+entry, 1)
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		s.Fatal(err)
	}
}

func unix(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// try runs a command and returns its stdout.
func (s *stack) try(words ...string) (string, error) {
	cmd := exec.CommandContext(context.WithoutCancel(s.Context()), s.program, words...)
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// run runs a command that has to succeed.
func (s *stack) run(words ...string) string {
	s.Helper()
	out, err := s.try(words...)
	if err != nil {
		s.Fatalf("%v: %v: %s", words, err, out)
	}
	return out
}

// chat sends a request of a client to a group.
func (s *stack) chat(group string, status int) {
	s.Helper()
	key, err := os.ReadFile(filepath.Join(s.dir, ".router", "secrets", "gateway.key"))
	if err != nil {
		s.Fatal(err)
	}
	body := fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"hello"}]}`, group)
	req, err := http.NewRequestWithContext(s.Context(), "POST", fmt.Sprintf("http://127.0.0.1:%d/v1/chat/completions", s.port),
		strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != status {
		s.Fatalf("%s: %d", group, res.StatusCode)
	}
}
