package route_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestFallbacksTakeOverOnEveryRouteAndAfterAnyFailure(t *testing.T) {
	t.Parallel()
	routes := map[string]string{
		"/v1/chat/completions": `"messages":[]`, "/v1/completions": `"prompt":"hi"`, "/v1/embeddings": `"input":"hi"`,
		"/v1/responses": `"input":"hi"`, "/v1/messages": `"max_tokens":1,"messages":[]`,
	}
	for _, bad := range []string{"fail-400", "fail-401", "fail-403", "fail-404", "fail-422", "fail-429", "fail-500",
		"fail-529", "reset", "html"} {
		s := routertest.Start(t, routertest.Groups("litellm_settings: {num_retries: 0, fallbacks: [{m: [b]}]}\n", "m: "+bad, "b: ok"),
			router.Options{})
		for route, body := range routes {
			s.Router.Close() // each attempt on a fresh connection: net/http repeats a request on a kept one that breaks
			before := len(s.Upstream.Calls())
			got := s.Send("POST", route, `{"model":"m",`+body+`}`, nil)
			if got.Status != 200 || got.Header.Get("x-litellm-model-id") != "b-ok" ||
				got.Header.Get("x-litellm-model-group") != "b" || got.Header.Get("x-litellm-attempted-fallbacks") != "1" {
				t.Errorf("%s on %s: %d %v %s", bad, route, got.Status, got.Header, got.Body)
			}
			if !strings.Contains(got.Body, `"model":"m"`) {
				t.Errorf("%s on %s: the model is not what the client asked for: %s", bad, route, got.Body)
			}
			limit := 2
			if bad == "fail-404" && strings.Contains("/v1/chat/completions /v1/responses /v1/messages", route) {
				limit = 4 // the route is missing there, and so is each that the request is translated for
			}
			if n := len(s.Upstream.Calls()) - before; n > limit {
				t.Errorf("%s on %s: %d calls", bad, route, n)
			}
		}
		if !strings.Contains(s.Log.String(), `"msg":"fallback","from":"m","to":"b"`) && !strings.Contains(bad, "401") &&
			!strings.Contains(bad, "404") {
			t.Errorf("%s: the log does not tell of the fallback: %s", bad, s.Log.String())
		}
	}
}

func TestAClientsFallbacksAreBounded(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups(routertest.WithoutRetries, "m: fail-500", "b: ok"), router.Options{})
	if got := s.Chat("m", `,"fallbacks":["ghost","b"]`); got.Status != 200 ||
		!slices.Equal(s.Models(), []string{"fail-500", "ok"}) {
		t.Errorf("%d %v", got.Status, s.Models())
	}
	if strings.Contains(string(s.Upstream.Calls()[1].Body), "fallbacks") {
		t.Errorf("the upstream saw %s", s.Upstream.Calls()[1].Body)
	}
	for _, bad := range []string{`"b"`, `[1]`, `[{"model":"b"}]`} {
		if got := s.Chat("m", `,"fallbacks":`+bad); got.Status != 400 || !strings.Contains(got.Body, `"param":"fallbacks"`) {
			t.Errorf("fallbacks %s: %d %s", bad, got.Status, got.Body)
		}
	}
}

func TestDefaultAndStarFallbacksServeGroupsWithoutAnEntry(t *testing.T) {
	t.Parallel()
	for _, settings := range []string{
		"litellm_settings: {num_retries: 0, default_fallbacks: [b], fallbacks: [{x: [c]}]}\n",
		"litellm_settings: {num_retries: 0, fallbacks: [{'*': [b]}, {x: [c]}]}\n",
	} {
		s := routertest.Start(t, routertest.Groups(settings, "m: fail-500", "x: fail-503", "b: ok-b", "c: ok-c"), router.Options{})
		s.Chat("m")
		s.Chat("x")
		if got := s.Models(); !slices.Equal(got, []string{"fail-500", "ok-b", "fail-503", "ok-c"}) {
			t.Errorf("%s: %v", settings, got)
		}
	}
}

func TestAllCoolingGoesStraightToTheFallback(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("litellm_settings: {num_retries: 2, fallbacks: [{m: [b]}]}\n", "m: fail-401", "b: ok"),
		router.Options{Now: routertest.NewClock().Now})
	for range 2 {
		if got := s.Chat("m"); got.Status != 200 {
			t.Fatal(got.Status, got.Body)
		}
	}
	if got := s.Models(); !slices.Equal(got, []string{"fail-401", "ok", "ok"}) || len(s.Slept()) != 0 {
		t.Errorf("calls %v, slept %v", got, s.Slept())
	}
}

func TestADialectThatNoDeploymentSpeaksIsReported(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups(routertest.WithoutRetries, "a: a/claude", "mixed: a/claude gpt"), router.Options{})
	got := s.Send("POST", "/v1/embeddings", `{"model":"a","input":"hi"}`, nil)
	if got.Status != 400 || !strings.Contains(got.Body,
		`deployment \"a-claude\" (anthropic/claude) does not serve /v1/embeddings`) || len(s.Upstream.Calls()) != 0 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	for range 10 {
		if got = s.Send("POST", "/v1/embeddings", `{"model":"mixed","input":"hi"}`, nil); got.Status != 200 ||
			got.Header.Get("x-litellm-model-id") != "mixed-gpt" {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
	}
}

func TestADeploymentWithoutItsKeyIsLeftOutAndSaysWhy(t *testing.T) {
	t.Parallel()
	yaml := strings.ReplaceAll(routertest.Groups(routertest.WithoutRetries, "m: gone", "pair: gone"), "k-secret", "os.environ/NOT_SET_ANYWHERE")
	yaml = strings.Replace(yaml, "general_settings",
		"  - {model_name: pair, litellm_params: {model: openai/ok, api_base: http://UP/v1}}\ngeneral_settings", 1)
	s := routertest.Start(t, yaml, router.Options{})
	for range 3 {
		got := s.Chat("m")
		if got.Status != 401 || !strings.Contains(got.Body, "NOT_SET_ANYWHERE") ||
			!strings.Contains(got.Body, "authentication_error") {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if got = s.Chat("pair"); got.Status != 200 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
	}
	for _, c := range s.Upstream.Calls() {
		if c.Model != "ok" || c.Header.Get("Authorization") != "" {
			t.Errorf("%s was asked with %q", c.Model, c.Header.Get("Authorization"))
		}
	}
}

func TestAGroupWithoutAnyServableDeploymentSaysSo(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, strings.Replace(routertest.Minimal, "general_settings",
		"  - {model_name: lost, litellm_params: {model: nosuchprovider/x}}\ngeneral_settings", 1), router.Options{})
	if got := s.Chat("lost"); got.Status != 400 ||
		!strings.Contains(got.Body, "There are no healthy deployments for this model: lost") {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := s.Send("GET", "/v1/models", "", nil); strings.Contains(got.Body, "lost") {
		t.Error(got.Body)
	}
}
