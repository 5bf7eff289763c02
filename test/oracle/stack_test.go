package oracle_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// Programs under test, built once.
var flowgate, cliproxyapi string

const account = "oracle-account"

func TestMain(m *testing.M) { os.Exit(inMain(m)) }

func inMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "oracle")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	flowgate, cliproxyapi = filepath.Join(dir, "flowgate"), filepath.Join(dir, "cli-proxy-api")
	for _, build := range []struct {
		in   string
		args []string
	}{
		{".", []string{"build", "-o", cliproxyapi, "github.com/router-for-me/CLIProxyAPI/v7/cmd/server"}},
		{"../..", []string{"tool", "mage", "-compile", flowgate}},
	} {
		cmd := exec.Command("go", build.args...)
		cmd.Dir = build.in
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go %s: %v\n%s", strings.Join(build.args, " "), err, out)
			return 1
		}
	}
	return m.Run()
}

// request is one request as the capturing upstream saw it.
type request struct {
	header http.Header
	body   []byte
}

// stack is a running installation before a capturing upstream.
type stack struct {
	t              *testing.T
	dir            string
	router, direct string // base addresses of the router and of CLIProxyAPI
	env            []string

	mu   sync.Mutex
	seen []request
}

// start makes an installation with init and starts it. change edits a file of
// it by its path below the installation's folder.
func start(t *testing.T, change func(path, text string) string) *stack {
	t.Helper()
	s := &stack{t: t}
	up := httptest.NewServer(http.HandlerFunc(s.capture))
	t.Cleanup(up.Close)
	home, err := os.MkdirTemp("", "oracle") // short: a Unix socket's path is at most 108 bytes long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	s.dir = filepath.Join(home, "stack")
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + os.TempDir(),
		"FLOWGATE_CLIPROXYAPI=" + cliproxyapi}
	router, upstream := strconv.Itoa(tcptest.FreePort(t)), strconv.Itoa(tcptest.FreePort(t))
	s.router, s.direct = "http://127.0.0.1:"+router, "http://127.0.0.1:"+upstream
	s.run("init", "-upstream=cliproxyapi", "-port="+router, "-upstream-port="+upstream)
	s.edit("config/flowgate.yaml", func(text string) string {
		return strings.NewReplacer("openai/gpt-5.4-mini", "openai/claude-sonnet-4-5", "openai/gpt-5.4",
			"openai/claude-sonnet-4-5").Replace(change("config/flowgate.yaml", text))
	})
	s.edit("config/cliproxyapi.yaml", func(text string) string {
		return change("config/cliproxyapi.yaml", text) + "claude-api-key:\n  - api-key: " + account + "\n    base-url: " +
			up.URL +
			"\n    models: [{name: claude-sonnet-4-5, alias: claude-sonnet-4-5}]\n    cloak: {mode: auto}\n"
	})
	t.Cleanup(func() { s.run("stop") })
	s.run("start")
	return s
}

// run runs FlowGate in the installation.
func (s *stack) run(args ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, flowgate, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (s *stack) edit(path string, change func(string) string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, path), []byte(change(s.read(path))), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stack) read(path string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, path))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// limits are headers with which Anthropic answers.
var limits = map[string]string{"Anthropic-Ratelimit-Unified-Status": "allowed_warning",
	"Anthropic-Ratelimit-Unified-Reset": "1893456000", "Request-Id": "req_oracle"}

// capture keeps a request and answers as Anthropic does.
func (s *stack) capture(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.seen = append(s.seen, request{r.Header, body})
	s.mu.Unlock()
	for name, value := range limits {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}`)
}

// last returns the newest request at the upstream and how many there were.
func (s *stack) last() (request, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 {
		return request{}, 0
	}
	return s.seen[len(s.seen)-1], len(s.seen)
}

// post sends a message request and returns the answer's headers. It waits for
// CLIProxyAPI to know its models: it answers before it does.
func (s *stack) post(base, key, body string, header map[string]string) http.Header {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		res, text, err := s.postOnce(base, key, body, header)
		if err == nil && res.StatusCode == http.StatusOK {
			return res.Header
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: %v, %v: %s", base, res, err, text)
		}
	}
}

// postOnce sends a message request once, and returns its reply.
func (s *stack) postOnce(base, key, body string, header map[string]string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, base+"/v1/messages?beta=true",
		strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(res.Body)
	return res, text, errors.Join(err, res.Body.Close())
}
