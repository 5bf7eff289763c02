package router_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
)

func TestFallbacksTakeOverOnEveryRouteAndAfterAnyFailure(t *testing.T) {
	t.Parallel()
	routes := map[string]string{
		"/v1/chat/completions": `"messages":[]`, "/v1/completions": `"prompt":"hi"`, "/v1/embeddings": `"input":"hi"`,
		"/v1/responses": `"input":"hi"`, "/v1/messages": `"max_tokens":1,"messages":[]`,
	}
	for _, bad := range []string{"fail-400", "fail-401", "fail-403", "fail-404", "fail-422", "fail-429", "fail-500",
		"fail-529", "reset", "html"} {
		s := start(t, groups("litellm_settings: {num_retries: 0, fallbacks: [{m: [b]}]}\n", "m: "+bad, "b: ok"),
			router.Options{})
		for route, body := range routes {
			s.router.Close() // each attempt on a fresh connection: net/http repeats a request on a kept one that breaks
			before := len(s.up.Calls())
			got := s.send("POST", route, `{"model":"m",`+body+`}`, nil)
			if got.status != 200 || got.header.Get("x-litellm-model-id") != "b-ok" ||
				got.header.Get("x-litellm-model-group") != "b" || got.header.Get("x-litellm-attempted-fallbacks") != "1" {
				t.Errorf("%s on %s: %d %v %s", bad, route, got.status, got.header, got.body)
			}
			if !strings.Contains(got.body, `"model":"m"`) {
				t.Errorf("%s on %s: the model is not what the client asked for: %s", bad, route, got.body)
			}
			limit := 2
			if bad == "fail-404" && strings.Contains("/v1/chat/completions /v1/responses /v1/messages", route) {
				limit = 4 // the route is missing there, and so is each that the request is translated for
			}
			if n := len(s.up.Calls()) - before; n > limit {
				t.Errorf("%s on %s: %d calls", bad, route, n)
			}
		}
		if !strings.Contains(s.log.String(), `"msg":"fallback","from":"m","to":"b"`) && !strings.Contains(bad, "401") &&
			!strings.Contains(bad, "404") {
			t.Errorf("%s: the log does not tell of the fallback: %s", bad, s.log.String())
		}
	}
}

func TestAClientsFallbacksAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t, groups(once, "m: fail-500", "b: ok"), router.Options{})
	if got := s.chat("m", `,"fallbacks":["ghost","b"]`); got.status != 200 ||
		!slices.Equal(s.models(), []string{"fail-500", "ok"}) {
		t.Errorf("%d %v", got.status, s.models())
	}
	if strings.Contains(string(s.up.Calls()[1].Body), "fallbacks") {
		t.Errorf("the upstream saw %s", s.up.Calls()[1].Body)
	}
	for _, bad := range []string{`"b"`, `[1]`, `[{"model":"b"}]`} {
		if got := s.chat("m", `,"fallbacks":`+bad); got.status != 400 || !strings.Contains(got.body, `"param":"fallbacks"`) {
			t.Errorf("fallbacks %s: %d %s", bad, got.status, got.body)
		}
	}
}

func TestDefaultAndStarFallbacksServeGroupsWithoutAnEntry(t *testing.T) {
	t.Parallel()
	for _, settings := range []string{
		"litellm_settings: {num_retries: 0, default_fallbacks: [b], fallbacks: [{x: [c]}]}\n",
		"litellm_settings: {num_retries: 0, fallbacks: [{'*': [b]}, {x: [c]}]}\n",
	} {
		s := start(t, groups(settings, "m: fail-500", "x: fail-503", "b: ok-b", "c: ok-c"), router.Options{})
		s.chat("m")
		s.chat("x")
		if got := s.models(); !slices.Equal(got, []string{"fail-500", "ok-b", "fail-503", "ok-c"}) {
			t.Errorf("%s: %v", settings, got)
		}
	}
}

func TestAllCoolingGoesStraightToTheFallback(t *testing.T) {
	t.Parallel()
	s := start(t, groups("litellm_settings: {num_retries: 2, fallbacks: [{m: [b]}]}\n", "m: fail-401", "b: ok"),
		router.Options{Now: newClock().Now})
	for range 2 {
		if got := s.chat("m"); got.status != 200 {
			t.Fatal(got.status, got.body)
		}
	}
	if got := s.models(); !slices.Equal(got, []string{"fail-401", "ok", "ok"}) || len(s.slept) != 0 {
		t.Errorf("calls %v, slept %v", got, s.slept)
	}
}

func TestADialectThatNoDeploymentSpeaksIsSaidClearly(t *testing.T) {
	t.Parallel()
	s := start(t, groups(once, "a: a/claude", "mixed: a/claude gpt"), router.Options{})
	got := s.send("POST", "/v1/embeddings", `{"model":"a","input":"hi"}`, nil)
	if got.status != 400 || !strings.Contains(got.body,
		`deployment \"a-claude\" (anthropic/claude) does not serve /v1/embeddings`) || len(s.up.Calls()) != 0 {
		t.Errorf("%d %s", got.status, got.body)
	}
	for range 10 {
		if got = s.send("POST", "/v1/embeddings", `{"model":"mixed","input":"hi"}`, nil); got.status != 200 ||
			got.header.Get("x-litellm-model-id") != "mixed-gpt" {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
}

func TestADeploymentWithoutItsKeyIsLeftOutAndSaysWhy(t *testing.T) {
	t.Parallel()
	yaml := strings.ReplaceAll(groups(once, "m: gone", "pair: gone"), "k-secret", "os.environ/NOT_SET_ANYWHERE")
	yaml = strings.Replace(yaml, "general_settings",
		"  - {model_name: pair, litellm_params: {model: openai/ok, api_base: http://UP/v1}}\ngeneral_settings", 1)
	s := start(t, yaml, router.Options{})
	for range 3 {
		got := s.chat("m")
		if got.status != 401 || !strings.Contains(got.body, "NOT_SET_ANYWHERE") ||
			!strings.Contains(got.body, "authentication_error") {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if got = s.chat("pair"); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	for _, c := range s.up.Calls() {
		if c.Model != "ok" || c.Header.Get("Authorization") != "" {
			t.Errorf("%s was asked with %q", c.Model, c.Header.Get("Authorization"))
		}
	}
}

func TestAGroupWithoutAnyServableDeploymentSaysSo(t *testing.T) {
	t.Parallel()
	s := start(t, strings.Replace(minimal, "general_settings",
		"  - {model_name: lost, litellm_params: {model: nosuchprovider/x}}\ngeneral_settings", 1), router.Options{})
	if got := s.chat("lost"); got.status != 400 ||
		!strings.Contains(got.body, "There are no healthy deployments for this model: lost") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := s.send("GET", "/v1/models", "", nil); strings.Contains(got.body, "lost") {
		t.Error(got.body)
	}
}
