package access_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestEveryKeySlotWorksOnEveryRoute(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	for _, header := range []string{"Authorization: Bearer sk-test", "Authorization: bearer sk-test",
		"Authorization: Basic sk-test",
		"x-api-key: sk-test", "x-litellm-api-key: sk-test", "api-key: sk-test", "x-goog-api-key: sk-test",
		"Ocp-Apim-Subscription-Key: sk-test",
		"x-litellm-api-key: Bearer sk-test", "x-api-key: bearer sk-test", "api-key: BEARER  sk-test ",
		"x-goog-api-key: Bearer sk-test", "Authorization:  Bearer   sk-test"} {
		name, value, _ := strings.Cut(header, ": ")
		h := map[string]string{"Authorization": "", name: value}
		if got := s.Send("GET", "/v1/models", "", h); got.Status != 200 {
			t.Errorf("%s: models %d", header, got.Status)
		}
		if got := s.Send("POST", "/v1/messages", `{"model":"m","max_tokens":1,"messages":[]}`, h); got.Status != 200 {
			t.Errorf("%s: messages %d %s", header, got.Status, got.Body)
		}
	}
}

func TestAMissingOrWrongKeyIs401InTheRoutesOwnEnvelope(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	for _, header := range []string{"", "Authorization: Bearer sk-wrong", "Authorization: sk-test",
		"Authorization: Bearer ", "x-api-key: sk-tes", "x-api-key: ", "x-api-key: Bearer", "x-api-key: Bearer sk-wrong",
		"x-api-key: Token sk-test", "Authorization: Token sk-test"} {
		name, value, _ := strings.Cut(header, ": ")
		for _, path := range []string{"/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/embeddings",
			"/v1/messages/count_tokens"} {
			h := map[string]string{"Authorization": ""}
			if name != "" && value != "" {
				h[name] = value
			}
			got := s.Send("POST", path, `{"model":"m"}`, h)
			anthropic := strings.HasPrefix(got.Body, `{"type":"error","error":{"type":"authentication_error"`)
			openai := strings.HasPrefix(got.Body, `{"error":{"message":"Authentication Error`) &&
				strings.Contains(got.Body, `"code":"401"`)
			if got.Status != 401 || anthropic == openai || anthropic != strings.Contains(path, "messages") {
				t.Errorf("%q on %s: %d %s", header, path, got.Status, got.Body)
			}
		}
	}
	if n := len(s.Upstream.Calls()); n != 0 {
		t.Errorf("%d requests went upstream without a key", n)
	}
}

func TestRoutingComesBeforeTheKey(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	for request, want := range map[string]int{
		"GET /nope": 404, "GET /v1/chat/completions": 405, "POST /v1/models": 405, "GET /health/liveliness": 200,
		"GET /health/readiness": 200,
		"HEAD /":                200, "GET /": 200, "HEAD /health/readiness": 200, "OPTIONS /v1/chat/completions": 405,
		"GET //v1/models": 401, "GET /v1/models": 401, "HEAD /v1/models": 401,
		"GET /v1/models/../../etc": 401, "PUT /health/liveness": 405,
	} {
		method, path, _ := strings.Cut(request, " ")
		got := s.Send(method, path, "", map[string]string{"Authorization": ""})
		if got.Status != want {
			t.Errorf("%s: %d, want %d", request, got.Status, want)
		}
		if got.Header.Get("X-Frame-Options") != "DENY" || got.Header.Get("X-Content-Type-Options") != "nosniff" ||
			got.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: headers %v", request, got.Header)
		}
	}
	if got := s.Send("HEAD", "/v1/models", "", nil); got.Status != 200 || got.Body != "" {
		t.Errorf("HEAD /v1/models with the key: %d %q", got.Status, got.Body)
	}
}
