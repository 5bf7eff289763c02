package router_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/upstreamtest"
)

const minimal = `model_list:
  - {model_name: m, litellm_params: {model: openai/up-model, api_base: http://UP/v1, api_key: k-up}, model_info: {id: id-m}}
general_settings: {master_key: sk-test}
`

// stack is a router on a real socket before a scripted upstream.
type stack struct {
	t      *testing.T
	url    string
	router *router.Router
	up     *upstreamtest.Upstream
	log    *syncBuffer

	mu    sync.Mutex
	slept []time.Duration
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// closedAddr is an address at which nobody listens.
func closedAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return addr
}

// load writes yaml, in which UP and DOWN stand for the addresses, and loads it.
func load(t testing.TB, yaml, up, down string, env map[string]string) (*settings.Settings, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "litellm.active.yaml")
	yaml = strings.NewReplacer("127.0.0.1:9190", up, "127.0.0.1:9199", down, "UP", up, "DOWN", down).Replace(yaml)
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return settings.Load(path, func(name string) string { return env[name] })
}

// start runs a stack. Waits between retries are noted, not waited for, unless opts say how.
func start(t *testing.T, yaml string, opts router.Options) *stack {
	t.Helper()
	up := upstreamtest.Start(t)
	s := startAt(t, up.Addr, yaml, opts)
	s.up = up
	return s
}

// startAt is start with an upstream of the test's own.
func startAt(t *testing.T, addr, yaml string, opts router.Options) *stack {
	t.Helper()
	s := &stack{t: t, log: &syncBuffer{}}
	settings, err := load(t, yaml, addr, closedAddr(t), map[string]string{"LLC_SET": "val-from-env"})
	if err != nil {
		t.Fatal(err)
	}
	opts.Logger = slog.New(slog.NewJSONHandler(s.log, nil))
	if opts.Sleep == nil {
		opts.Sleep = func(ctx context.Context, d time.Duration) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.slept = append(s.slept, d)
			return ctx.Err()
		}
	}
	if s.router, err = router.New(settings, opts); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.router)
	t.Cleanup(func() {
		server.Close()
		if err := s.router.Close(); err != nil {
			t.Error(err)
		}
	})
	s.url = server.URL
	return s
}

// client neither decompresses nor follows anything by itself.
var client = &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}}

type reply struct {
	status int
	header http.Header
	body   string
}

// send makes one request with the key, unless header brings another one.
func (s *stack) send(method, path, body string, header map[string]string) reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk-test")
	for k, v := range header {
		if v == "" {
			req.Header.Del(k)
			continue
		}
		req.Header.Set(k, v)
	}
	if h := header["Host"]; h != "" {
		req.Host = h
	}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(b)}
}

func (s *stack) chat(model string, more ...string) reply {
	s.t.Helper()
	return s.send("POST", "/v1/chat/completions",
		`{"model":"`+model+`","messages":[{"role":"user","content":"hi"}]`+strings.Join(more, "")+`}`, nil)
}

func (s *stack) messages(model string, more ...string) reply {
	s.t.Helper()
	return s.send("POST", "/v1/messages", `{"model":"`+model+
		`","max_tokens":16,"messages":[{"role":"user","content":"hi"}]`+strings.Join(more, "")+`}`, nil)
}

// models lists the models that the upstream was asked for, in order.
func (s *stack) models() []string {
	var out []string
	for _, c := range s.up.Calls() {
		out = append(out, c.Model)
	}
	return out
}

// eventually polls until done says so.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 5 s", what)
		}
	}
}
