package router_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestPathsAreFoundAsBaseAddressesOfClientsSpellThem(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	for path, want := range map[string]string{
		"//v1/chat/completions": "/v1/chat/completions", "/v1//chat///completions": "/v1/chat/completions",
		"/v1/v1/chat/completions": "/v1/chat/completions",
		"/v1/v1/v1/responses":     "/v1/responses", "/v1/chat/completions/": "/v1/chat/completions",
		"/v1/messages//": "/v1/messages", "/v1/v1/messages/count_tokens/": "/v1/messages/count_tokens",
		"/v1/messages/v1/messages": "/v1/messages", "/v1/messages/v1/messages/count_tokens": "/v1/messages/count_tokens",
		"/v1/chat/completions/chat/completions": "/v1/chat/completions",
		"/v1/responses/responses/":              "/v1/responses", "/engines/m/chat/completions/": "/v1/chat/completions",
		"//openai//deployments/m/embeddings": "/v1/embeddings",
	} {
		got := s.Send("POST", path, `{"model":"m","messages":[],"input":1,"max_tokens":1}`, nil)
		calls := s.Upstream.Calls()
		if got.Status != 200 || len(calls) == 0 || calls[len(calls)-1].Path != want {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	for _, path := range []string{"//v1/models", "/v1/v1/models", "/v1/models/", "/models/", "/v1/models/m/",
		"/v1/chat/completions/models", "/v1/responses/v1/models", "/health/readiness/"} {
		if got := s.Send("GET", path, "", nil); got.Status != 200 {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
}

func TestAnUnknownPathIsNamedWithTheNearestRoute(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	for request, near := range map[string]string{
		"POST /messages": "POST /v1/messages", "POST /api/v1/chat/completions": "POST /v1/chat/completions",
		"POST /v1/chat/completion": "POST /v1/chat/completions",
		"POST /v1/complete":        "POST /v1/completions", "POST /V1/Messages": "POST /v1/messages",
		"POST /behind/a/proxy/of/mine/V1/Responses": "POST /v1/responses", "POST /anthropic/v1/messages": "POST /v1/messages",
		"POST /v1/embedding": "POST /v1/embeddings", "GET /api/models": "GET /models",
		"POST /v1/messages/batches": "POST /v1/messages", "GET /healthz": "GET /health/readiness", "GET /nope": "",
	} {
		method, path, _ := strings.Cut(request, " ")
		got := s.Send(method, path, "{}", map[string]string{"Authorization": ""})
		if got.Status != 404 || !strings.Contains(got.Body, `{"detail":"Not Found: the router has no `+request) ||
			strings.Contains(got.Body, "nearest") != (near != "") || !strings.Contains(got.Body, near) {
			t.Errorf("%s: %d %s", request, got.Status, got.Body)
		}
	}
	if got := s.Send("GET", "/"+strings.Repeat("x", 5000), "", nil); len(got.Body) > 400 {
		t.Errorf("%d bytes of path come back", len(got.Body))
	}
}

func TestAWebSocketIsRefusedSoThatTheClientGoesOnOverHTTP(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	for _, path := range []string{"/v1/responses", "/responses", "/v1/realtime", "/v1/models"} {
		got := s.Send("GET", path, "", map[string]string{"Connection": "keep-alive, Upgrade", "Upgrade": "WebSocket",
			"Sec-WebSocket-Version": "13", "Authorization": ""})
		if got.Status != 426 || got.Header.Get("Upgrade") == "" ||
			!strings.HasPrefix(got.Body, `{"error":{"message":"WebSockets are not served`) {
			t.Errorf("%s: %d %v %s", path, got.Status, got.Header, got.Body)
		}
	}
	// as Java's client sends
	h2c := map[string]string{"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c",
		"HTTP2-Settings": "AAMAAABkAAQAAP__"}
	if got := s.Send("POST", "/v1/responses", `{"model":"m","input":1}`, h2c); got.Status != 200 {
		t.Errorf("h2c: %d %s", got.Status, got.Body)
	}
}

func TestAWholeEndpointWorksAsAPIBase(t *testing.T) {
	t.Parallel()
	config, models := "model_list:\n", []string{}
	add := func(provider, base string) {
		models = append(models, provider+base)
		config += fmt.Sprintf("  - {model_name: %q, litellm_params: {model: %s/up, api_base: %q, api_key: k-up}}\n",
			provider+base, provider, "http://UP"+base)
	}
	for _, base := range []string{"/v1", "/v1/", "/v1/chat/completions", "/v1/chat/completions/", "/v1/completions",
		"/v1/embeddings", "/v1/responses", "/v1/responses//", "/v1/messages", "/v1/messages/count_tokens"} {
		add("openai", base)
		add("anthropic", base)
	}
	add("openai", "/v1/chat/completions/?api-version=1")
	s := routertest.Start(t, config+"general_settings: {master_key: sk-test}\n", router.Options{})
	for i, model := range models[:len(models)-1] {
		got := s.Messages(model)
		if calls := s.Upstream.Calls(); got.Status != 200 || len(calls) != i+1 || calls[i].Path != "/v1/messages" {
			t.Errorf("%s: %d %s", model, got.Status, got.Body)
		}
	}
	s.Chat(models[len(models)-1])
	if path := s.Upstream.Calls()[len(models)-1].Path; path != "/v1/chat/completions?api-version=1" {
		t.Errorf("path %s", path)
	}
}

// FuzzPaths: whatever the path, the answer is one of those that a request
// without a key can get, and JSON.
func FuzzPaths(f *testing.F) {
	for _, seed := range []string{"/", "", "//", "/v1/v1/v1/", "/v1/messages/v1/messages/", "/engines//chat/completions",
		"/models///", "/\x00/\xff", "/v1/chat/completions/v1"} {
		f.Add(seed)
	}
	settings, err := routertest.Load(f, routertest.Minimal, "127.0.0.1:1", "127.0.0.1:1", nil)
	if err != nil {
		f.Fatal(err)
	}
	router, err := router.New(settings, router.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		for _, method := range []string{"GET", "POST"} {
			req := httptest.NewRequest(method, "/", nil)
			req.URL.Path = path
			w := httptest.NewRecorder()
			router.ServeHTTP(w, req)
			if !slices.Contains([]int{200, 401, 404, 405}, w.Code) || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s %q: %d %s", method, path, w.Code, w.Body)
			}
		}
	})
}
