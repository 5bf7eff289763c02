package client_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/echo"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// Keys of the client tests: the router's own and its upstream's.
const (
	routerKey   = "sk-client-test-router"
	upstreamKey = "sk-client-test-upstream"
)

// kind is what stands between the clients and the echo upstream.
type kind int

const (
	direct   kind = iota // nothing
	embedded             // the embedded router
	litellm              // the real LiteLLM
)

// target is one server that the table runs against.
type target struct {
	kind     kind
	url, key string
	upstream *upstream
}

// upstream is an echo upstream that counts its calls by model.
type upstream struct {
	url   string
	mu    sync.Mutex
	calls map[string]int
}

// newUpstream starts an echo upstream on a real socket, with the POST routes only, or
// with all.
func newUpstream(t *testing.T, only ...string) *upstream {
	t.Helper()
	u := &upstream{calls: map[string]int{}}
	next := echo.New(echo.Options{Keys: []string{upstreamKey}, Only: only})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		model := gjson.GetBytes(body, "model").String()
		switch {
		case len(only) > 0 && !slices.Contains(only, r.URL.Path): // not counted: the model is not reached
		case model == "deep":
			serveDeep(w, r, body)
			return
		default:
			u.mu.Lock()
			u.calls[model]++
			u.mu.Unlock()
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	u.url = srv.URL
	return u
}

// called is how often a model was asked for.
func (u *upstream) called(model string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.calls[model]
}

// settings writes the router's configuration for an upstream and returns its path.
func (u *upstream) settings(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/router.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "litellm.active.yaml")
	text = bytes.ReplaceAll(text, []byte("http://UPSTREAM"), []byte(u.url))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// environment is what the configuration refers to.
func environment(name string) string {
	return map[string]string{"CLIENT_TEST_ROUTER_KEY": routerKey, "CLIENT_TEST_UPSTREAM_KEY": upstreamKey}[name]
}

func newDirect(t *testing.T) target {
	t.Helper()
	u := newUpstream(t)
	return target{kind: direct, url: u.url, key: upstreamKey, upstream: u}
}

func newEmbedded(t *testing.T) target {
	t.Helper()
	u := newUpstream(t)
	loaded, err := settings.Load(u.settings(t), environment)
	if err != nil {
		t.Fatal(err)
	}
	router, err := router.New(loaded, router.Options{})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(router)
	t.Cleanup(func() {
		srv.Close()
		if err := router.Close(); err != nil {
			t.Error(err)
		}
	})
	return target{kind: embedded, url: srv.URL, key: routerKey, upstream: u}
}

// openAI is the official client; it never retries by itself, so that what is
// seen is what the server does.
func (tg target) openAI() openai.Client {
	return openai.NewClient(openaioption.WithBaseURL(tg.url+"/v1"), openaioption.WithAPIKey(tg.key),
		openaioption.WithMaxRetries(0))
}

func (tg target) anthropic() anthropic.Client {
	return anthropic.NewClient(anthropicoption.WithoutEnvironmentDefaults(),
		anthropicoption.WithBaseURL(tg.url), anthropicoption.WithAuthToken(tg.key), anthropicoption.WithMaxRetries(0))
}

// withKey is the same server with another key.
func (tg target) withKey(key string) target {
	tg.key = key
	return tg
}
