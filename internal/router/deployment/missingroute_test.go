package deployment_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// serveWithoutRoute returns an upstream that answers requests for a path that ends in route
// with a status and a body, and all others well; it counts both.
func serveWithoutRoute(route string, status int, body string) (h http.HandlerFunc, refused, answered *atomic.Int32) {
	refused, answered = new(atomic.Int32), new(atomic.Int32)
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, route) {
			refused.Add(1)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return
		}
		answered.Add(1)
		fmt.Fprint(w, `{"model":"x","input_tokens":1}`)
	}, refused, answered
}

func TestARouteThatTheUpstreamLacksIs400AtOnceAndRemembered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"gin": {404, "404 page not found"}, "FastAPI": {404, `{"detail":"Not Found"}`}, "empty": {404, ""},
		"nginx":   {404, "<html><head><title>404 Not Found</title></head></html>"},
		"Express": {404, "Cannot POST /v1/embeddings"}, "PHP": {404, "File not found."},
		"OpenAI":    {404, `{"error":{"message":"Invalid URL (POST /v1/embeddings)","type":"invalid_request_error","param":null,"code":null}}`},
		"LM Studio": {200, `{"error":"Unexpected endpoint or method. (POST /v1/embeddings)"}`},
		"method":    {405, `{"detail":"Method Not Allowed"}`}, "method that speaks of a model": {405, "no such model method"},
	} {
		handler, refused, answered := serveWithoutRoute("/embeddings", c.status, c.body)
		s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, handler)
		for range 3 {
			got := s.Send("POST", "/v1/embeddings", `{"model":"m","input":1}`, nil)
			if got.Status != 400 || !strings.HasPrefix(got.Body, `{"error":{"message":"litellm.BadRequestError`) ||
				!strings.Contains(got.Body, `deployment \"id-m\" (openai/up-model) does not serve /v1/embeddings`) {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
		for range 3 { // the deployment is not resting: its other routes are asked
			if got := s.Chat("m"); got.Status != 200 {
				t.Errorf("%s: chat %d %s", name, got.Status, got.Body)
			}
		}
		if refused.Load() != 1 || answered.Load() != 3 || len(s.Slept()) != 0 {
			t.Errorf("%s: asked %d and %d times, slept %v", name, refused.Load(), answered.Load(), s.Slept())
		}
		if n := strings.Count(s.Log.String(), "the upstream lacks a route"); n != 1 {
			t.Errorf("%s: logged %d times", name, n)
		}
	}
}

// TestAModelsShortNameInsideOfAWordIsNotTheModel has names that stand in other words by chance.
func TestAModelsShortNameInsideOfAWordIsNotTheModel(t *testing.T) {
	t.Parallel()
	const page = "<html><head><title>404 Not Found</title></head><body><hr><center>nginx/1.24.0 " +
		"foo3</center></body></html>"
	for name, status := range map[string]int{"m": 400, "o3": 400, "nginx": 404, "foo3": 404} {
		handler, _, _ := serveWithoutRoute("/embeddings", 404, page)
		s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "up-model", name, 1), router.Options{}, handler)
		if got := s.Send("POST", "/v1/embeddings", `{"model":"m","input":1}`, nil); got.Status != status {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

func TestA404AboutAModelOrAnObjectStaysA404(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body  string
		cools bool
	}{
		"model":             {`{"error":{"message":"The model 'x' does not exist","code":"model_not_found"}}`, true},
		"its name":          {`{"error":"LLAMA9 not found, try pulling it first"}`, true},
		"Azure":             {`{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}`, true},
		"item":              {`{"error":{"message":"Item with id 'rs_1' not found."}}`, false},
		"previous response": {`{"error":{"message":"Response resp_1 not found"}}`, false},
		"OpenRouter":        {`{"error":{"message":"No endpoints found that support tool use.","code":404}}`, true},
		"vector store":      {`{"error":{"message":"No vector store was found"}}`, false},
		"container":         {`{"error":{"message":"Container cntr_1 not found"}}`, false},
		"conversation":      {`{"error":{"message":"Conversation not found"}}`, false},
		"file":              {`{"error":{"message":"No such File object: file-1"}}`, false},
	} {
		handler, refused, _ := serveWithoutRoute("/responses", 404, c.body)
		s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "up-model", "llama9", 1), router.Options{}, handler)
		got := s.Send("POST", "/v1/responses", `{"model":"m","input":1}`, nil)
		if got.Status != 404 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		got = s.Send("POST", "/v1/responses", `{"model":"m","input":1}`, nil)
		if cools := got.Status == 429; cools != c.cools || !cools && refused.Load() != 2 {
			t.Errorf("%s: then %d after %d requests", name, got.Status, refused.Load())
		}
	}
}

func TestClaudeCodeGetsItsOwnEnvelopeForAMissingRoute(t *testing.T) {
	t.Parallel()
	handler, refused, _ := serveWithoutRoute("", 404, "404 page not found")
	s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, handler)
	for range 2 {
		got := s.Messages("m")
		if got.Status != 400 || !strings.HasPrefix(got.Body,
			`{"type":"error","error":{"type":"invalid_request_error","message":`) {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
	if refused.Load() != 3 { // messages, chat, responses; then it is known
		t.Errorf("asked %d times", refused.Load())
	}
}

func TestCountTokensIsEstimatedAtOnceWhereTheUpstreamCannotCount(t *testing.T) {
	t.Parallel()
	handler, refused, _ := serveWithoutRoute("/count_tokens", 404, "")
	s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, handler)
	for range 3 {
		got := s.Send("POST", "/v1/messages/count_tokens", `{"model":"m","messages":["0123456789"]}`, nil)
		if got.Status != 200 || !strings.Contains(got.Body, "local_estimate") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
	if got := s.Messages("m"); got.Status != 200 || refused.Load() != 1 {
		t.Errorf("%d %s after %d questions", got.Status, got.Body, refused.Load())
	}
}

func TestADeploymentWithTheRouteAnswersForOneWithoutIt(t *testing.T) {
	t.Parallel()
	for name, yaml := range map[string]string{
		"a sibling":  routertest.Groups(routertest.WithoutRetries, "m: nopath ok"),
		"next order": strings.Replace(routertest.Groups(routertest.WithoutRetries, "m: nopath ok"), "openai/ok", "openai/ok, order: 2", 1),
		"a fallback": routertest.Groups("litellm_settings: {num_retries: 0, fallbacks: [{m: [b]}]}\n", "m: nopath", "b: ok"),
	} {
		s := routertest.Start(t, yaml, router.Options{Rand: func() float64 { return 0 }})
		for range 3 {
			if got := s.Chat("m"); got.Status != 200 {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
		if got := strings.Join(s.Models(), " "); got != "nopath nopath nopath ok ok ok" {
			t.Errorf("%s: asked %s", name, got)
		}
	}
}
