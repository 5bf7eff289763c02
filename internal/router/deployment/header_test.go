package deployment_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/router/upstreamtest"
)

// identity are headers of coding agents and SDKs, as they were seen or may become.
var identity = map[string]string{
	"User-Agent": "claude-cli/2.1.197 (external, cli)", "X-App": "cli", "X-Claude-Code-Session-Id": "s-1",
	"X-Claude-Code-New": "n",
	"X-Stainless-Lang":  "js", "X-Stainless-New": "n", "Originator": "codex_cli_rs", "Session-Id": "s-2",
	"Session_id": "s-3", "Thread-Id": "t-1",
	"X-Session-Id": "s-4", "X-Session-Affinity": "s-5", "X-Codex-Turn-State": "t", "X-Codex-New": "n",
	"X-Client-Request-Id": "r-1",
	"X-Kilo-Session-Id":   "s-6", "Conversation_id": "c-1",
}

// protocol are headers that belong to the providers' interfaces.
var protocol = map[string]string{
	"Anthropic-Version": "2099-01-01", "Anthropic-Beta": "b-1", "Anthropic-Dangerous-Direct-Browser-Access": "true",
	"Anthropic-New": "n",
	"Openai-Beta":   "responses=v1", "Idempotency-Key": "i-1",
}

// unheard are headers that nobody has heard of.
var unheard = map[string]string{"X-Custom": "1", "Brand-New": "2", "Accept-Language": "de", "Traceparent": "00-1-2-03"}

// withheld must reach no upstream whatever the settings say. sk-test is the router's key.
var withheld = map[string]string{
	"X-Api-Key": "sk-test", "Api-Key": "sk-test", "X-Goog-Api-Key": "x", "X-Litellm-Api-Key": "x", "X_api_key": "x",
	"X-Management-Key":          "x",
	"Ocp-Apim-Subscription-Key": "x", "Proxy-Authorization": "Basic x", "X-Authorization": "x",
	"X-My-Key": "pre sk-test post", "X-Claude-Key": "sk-test",
	"Cookie": "c=1", "Forwarded": "for=8.8.8.8", "X-Forwarded-For": "8.8.8.8", "X-Forwarded-New": "8.8.8.8",
	"X_forwarded_for": "8.8.8.8", "X-Real-Ip": "8.8.8.8",
	"True-Client-Ip": "8.8.8.8", "Cf-Connecting-Ip": "8.8.8.8", "X-Client-Ip": "8.8.8.8",
	"X-Original-Forwarded-For": "8.8.8.8", "Via": "1.1 x",
	"X-Litellm-Timeout": "5", "X-Litellm-New": "x", "Keep-Alive": "x", "Te": "trailers", "Trailer": "x",
	"Proxy-Connection": "x",
	"Connection":       "X-Named-Hop, X-Session-Hop", "X-Named-Hop": "1", "X-Session-Hop": "1", "Content-Md5": "x",
}

// sendAllHeaders makes a request with all those headers and returns what the upstream got of them.
func sendAllHeaders(s *routertest.Stack, path, body string) upstreamtest.Call {
	s.T.Helper()
	all := map[string]string{}
	for _, list := range []map[string]string{identity, protocol, unheard, withheld} {
		for name, value := range list {
			all[name] = value
		}
	}
	if got := s.Send("POST", path, body, all); got.Status != 200 {
		s.T.Fatalf("%s: %d %s", path, got.Status, got.Body)
	}
	calls := s.Upstream.Calls()
	return calls[len(calls)-1]
}

// ownHeaders are those that the router or its transport sets.
var ownHeaders = []string{"Accept", "Accept-Encoding", "Content-Type", "Content-Length", "Authorization", "User-Agent",
	"Anthropic-Version"}

func TestAnUpstreamGetsTheHeadersThatItsKindCallsFor(t *testing.T) {
	t.Parallel()
	litellm := map[string]string{"X-App": "", "X-Claude-Code-Session-Id": "", "X-Claude-Code-New": "", "X-Session-Id": "",
		"X-Session-Affinity": "",
		"X-Codex-Turn-State": "", "X-Codex-New": "", "X-Client-Request-Id": "", "X-Kilo-Session-Id": "", "X-Custom": ""}
	for name, c := range map[string]struct {
		yaml string
		want []map[string]string
	}{
		"any other upstream": {routertest.Minimal, []map[string]string{protocol}},
		"a general setting": {routertest.WithGeneral(routertest.Minimal, "flowgate_forward_client_identity: true"),
			[]map[string]string{protocol, identity}},
		"a deployment's setting": {routertest.WithParameter("flowgate_forward_client_identity: true"),
			[]map[string]string{protocol, identity}},
		"a deployment's setting wins": {routertest.WithGeneral(routertest.WithParameter("flowgate_forward_client_identity: false"),
			"flowgate_forward_client_identity: true"), []map[string]string{protocol}},
		"in model_info": {strings.Replace(routertest.Minimal, "{id: id-m}",
			"{id: id-m, flowgate_forward_client_identity: true}", 1), []map[string]string{protocol, identity}},
		"CLIProxyAPI by address": {routertest.WithGeneral(routertest.Minimal, "flowgate_cliproxyapi_addresses: ['http://UP/']"),
			[]map[string]string{protocol, identity, unheard}},
		"CLIProxyAPI by its own setting": {routertest.WithParameter("flowgate_cliproxyapi: true"),
			[]map[string]string{protocol, identity, unheard}},
		"not CLIProxyAPI after all": {routertest.WithGeneral(routertest.WithParameter("flowgate_cliproxyapi: false"),
			"flowgate_cliproxyapi_addresses: ['UP']"), []map[string]string{protocol}},
		"LiteLLM's switch": {routertest.WithGeneral(routertest.Minimal, "forward_client_headers_to_llm_api: true"),
			[]map[string]string{protocol, litellm}},
		"LiteLLM's switch by group": {routertest.Minimal +
			"litellm_settings: {model_group_settings: {forward_client_headers_to_llm_api: [m*]}}\n",
			[]map[string]string{protocol, litellm}},
		"LiteLLM's switch elsewhere": {routertest.Minimal +
			"litellm_settings: {model_group_settings: {forward_client_headers_to_llm_api: [n*]}}\n",
			[]map[string]string{protocol}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := routertest.Start(t, c.yaml, router.Options{})
			for path, body := range map[string]string{"/v1/messages": `{"model":"m","max_tokens":1,"messages":[]}`,
				"/v1/responses": `{"model":"m","input":1}`} {
				got := sendAllHeaders(s, path, body).Header
				want := map[string]bool{}
				for _, list := range c.want {
					for name := range list {
						want[name] = true
					}
				}
				for name := range want {
					if v := header(name); len(got[name]) != 1 || got[name][0] != v { // Get would not find Session_id
						t.Errorf("%s: %s is %q, want %q", path, name, got[name], v)
					}
				}
				for name := range got {
					if !want[name] && !slices.Contains(ownHeaders, name) {
						t.Errorf("%s: %s: %s reached the upstream", path, name, got[name])
					}
				}
				if got.Get("Authorization") != "Bearer k-up" || got.Get("Content-Type") != "application/json" {
					t.Errorf("%s: %v", path, got)
				}
			}
		})
	}
}

// header is the value that sent gives a header.
func header(name string) string {
	for _, list := range []map[string]string{identity, protocol, unheard} {
		if v, ok := list[name]; ok {
			return v
		}
	}
	return ""
}

func TestCLIProxyAPIIsKnownByAnyNameOfItsAddress(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("X-Custom")
		fmt.Fprint(w, `{"model":"x"}`)
	}))
	t.Cleanup(up.Close)
	_, port, _ := strings.Cut(up.Listener.Addr().String(), ":")
	for address, want := range map[string]string{"http://LocalHost.:" + port: "1", "localhost:" + port + "": "1",
		"http://127.0.0.2:" + port + "/v1": "1",
		"http://[::1]:" + port:             "1", "http://10.0.0.1:" + port: "", "localhost": "",
		"127.0.0.1:1" + port[1:] + "0": ""} {
		yaml := routertest.WithGeneral(strings.Replace(routertest.Minimal, "UP", up.Listener.Addr().String(), 1),
			`flowgate_cliproxyapi_addresses: ["`+address+`"]`)
		routertest.Start(t, yaml, router.Options{}).Send("POST", "/v1/chat/completions", `{"model":"m","messages":[]}`,
			map[string]string{"X-Custom": "1"})
		if custom := <-got; custom != want {
			t.Errorf("%s: X-Custom %q, want %q", address, custom, want)
		}
	}
	if _, err := routertest.Load(t, routertest.WithGeneral(routertest.Minimal, `flowgate_cliproxyapi_addresses: ["http://"]`), "x:1", "x:1", nil); err == nil ||
		!strings.Contains(err.Error(), "expected addresses") {
		t.Errorf("error %v", err)
	}
}

func TestAnUpstreamHasADefaultForWhatTheClientDoesNotSay(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.WithParameter("flowgate_cliproxyapi: true"), router.Options{})
	s.Send("POST", "/v1/messages", `{"model":"m","max_tokens":1,"messages":[]}`, map[string]string{"X-Custom": "1"})
	s.Send("POST", "/v1/chat/completions", `{"model":"m","messages":[]}`, map[string]string{"X-Custom": "1"})
	calls := s.Upstream.Calls()
	if got := calls[0].Header.Get("Anthropic-Version"); got != "2023-06-01" {
		t.Errorf("messages: anthropic-version %q", got)
	}
	if got := calls[1].Header.Get("Anthropic-Version"); got != "" {
		t.Errorf("chat: anthropic-version %q", got)
	}
}

func TestTheOrganizationPassesOnlyWhereLiteLLMWouldPassIt(t *testing.T) {
	t.Parallel()
	for yaml, want := range map[string]string{routertest.Minimal: "", routertest.WithGeneral(routertest.Minimal, "forward_openai_org_id: true"): "org-1"} {
		s := routertest.Start(t, yaml, router.Options{})
		s.Send("POST", "/v1/chat/completions", `{"model":"m","messages":[]}`,
			map[string]string{"OpenAI-Organization": "org-1"})
		if got := s.Upstream.Calls()[0].Header.Get("OpenAI-Organization"); got != want {
			t.Errorf("organization %q, want %q", got, want)
		}
	}
}

func TestNoKeyOfAQueryStringReachesAnUpstream(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	for query, want := range map[string]string{
		"beta=true": "?beta=true", "beta=true&api_key=sk-test": "?beta=true", "Api-Key=x&beta=true": "?beta=true",
		"API_KEY=x": "", "%6bey=x": "",
		"auth=x&token=x": "", "beta=sk-test": "", "beta=%73k-test": "", "beta=true;key=x": "",
		"k=sk-test&beta=a&beta=b": "?beta=a&beta=b", "beta": "?beta=",
		"%62eta=true&x=1": "?beta=true", "beta=%zz": "", "beta=" + strings.Repeat("x", 300): "",
	} {
		got := s.Send("POST", "/v1/messages?"+query, `{"model":"m","max_tokens":1,"messages":[]}`, nil)
		calls := s.Upstream.Calls()
		if got.Status != 200 || calls[len(calls)-1].Path != "/v1/messages"+want {
			t.Errorf("?%s: %d, upstream path %s", query, got.Status, calls[len(calls)-1].Path)
		}
		if s.Send("POST", "/v1/responses?"+query, `{"model":"m","input":1}`,
			nil); s.Upstream.Calls()[len(calls)].Path != "/v1/responses" {
			t.Errorf("?%s on responses: %s", query, s.Upstream.Calls()[len(calls)].Path)
		}
	}
}

// limits are an upstream's headers that its clients act on.
var limits = map[string]string{
	"Retry-After-Ms": "1500", "X-Should-Retry": "true", "X-Request-Id": "req-x", "Openai-Processing-Ms": "12",
	"Openai-New":                     "n",
	"X-Ratelimit-Remaining-Requests": "9", "X-Ratelimit-New": "n", "Ratelimit-Remaining": "8",
	"Anthropic-Ratelimit-Unified-Reset": "1", "Anthropic-Ratelimit-New": "n",
	"X-Codex-Primary-Used-Percent": "50", "X-Codex-New": "n",
}

// private are an upstream's headers that no client gets under any name.
var private = map[string]string{"Set-Cookie": "u=1", "X-Echo-Authorization": "Bearer k-up",
	"Www-Authenticate": "Bearer k-up", "Location": "http://internal/",
	"Via": "1.1 internal", "X-Backend-Server": "10.0.0.7", "X-Litellm-Model-Api-Base": "http://internal",
	"Proxy-Authenticate": "x", "Server-Timing": "x"}

func TestClientsGetTheUpstreamsLimitsUnderTheirOwnNames(t *testing.T) {
	t.Parallel()
	s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "general_settings:", routertest.WithoutRetries+"general_settings:", 1), router.Options{},
		func(w http.ResponseWriter, r *http.Request) {
			for _, list := range []map[string]string{limits, private} {
				for name, value := range list {
					w.Header().Set(name, value)
				}
			}
			w.Header().Set("Cf-Ray", "ray")
			if strings.HasSuffix(r.URL.Path, "/responses") {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			fmt.Fprint(w, `{"model":"x"}`)
		})
	for path, body := range map[string]string{"/v1/messages": `{"model":"m","max_tokens":1,"messages":[]}`,
		"/v1/responses": `{"model":"m","input":1}`} {
		got := s.Send("POST", path, body, nil)
		for name, value := range limits {
			if got.Header.Get(name) != value || got.Header.Get("llm_provider-"+name) != value {
				t.Errorf("%s %d: %s is %q and %q", path, got.Status, name, got.Header.Get(name),
					got.Header.Get("llm_provider-"+name))
			}
		}
		if got.Header.Get("Request-Id") != "req-x" || got.Header.Get("llm_provider-cf-ray") != "ray" ||
			got.Header.Get("Cf-Ray") != "" {
			t.Errorf("%s: %v", path, got.Header)
		}
		if (got.Header.Get("Retry-After") == "7") != (path == "/v1/responses") {
			t.Errorf("%s: Retry-After %q", path, got.Header.Get("Retry-After"))
		}
		for name, value := range private {
			if got.Header.Get("llm_provider-"+name) != "" || got.Header.Get(name) == value {
				t.Errorf("%s: %s came back", path, name)
			}
		}
	}
}

func TestARequestIdIsAlwaysTheSameOfTwo(t *testing.T) {
	t.Parallel()
	s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Request-Id", "req-a")
		w.Header().Set("X-Request-Id", "req-x")
		fmt.Fprint(w, `{"model":"x"}`)
	})
	for range 30 { // a map's order is random
		if got := s.Chat("m").Header; got.Get("Request-Id") != "req-a" || got.Get("X-Request-Id") != "req-x" {
			t.Fatalf("Request-Id %q, X-Request-Id %q", got.Get("Request-Id"), got.Get("X-Request-Id"))
		}
	}
}

func TestAfterAFallbackTheLimitsAreThoseOfTheGroupThatAnswered(t *testing.T) {
	t.Parallel()
	yaml := routertest.Groups("litellm_settings: {num_retries: 0, fallbacks: [{a: [b]}]}\n", "a: dry", "b: good")
	s := routertest.StartBefore(t, yaml, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 100)
		n, _ := r.Body.Read(body)
		if strings.Contains(string(body[:n]), "dry") {
			w.Header().Set("X-Ratelimit-Remaining-Requests", "0")
			w.Header().Set("X-Codex-Primary-Used-Percent", "100")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		w.Header().Set("X-Ratelimit-Remaining-Requests", "5")
		fmt.Fprint(w, `{"model":"x"}`)
	})
	got := s.Chat("a")
	if got.Status != 200 || got.Header.Get("X-Ratelimit-Remaining-Requests") != "5" ||
		got.Header.Get("X-Codex-Primary-Used-Percent") != "" {
		t.Errorf("%d %v", got.Status, got.Header)
	}
}

func TestATraceGoesOnToTheUpstreamWhereLiteLLMWouldSendIt(t *testing.T) {
	t.Parallel()
	trace := map[string]string{"Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Tracestate": "a=1"}
	for settings, want := range map[string]string{"": "",
		"litellm_settings: {forward_traceparent_to_llm_provider: false}\n": "",
		"litellm_settings: {forward_traceparent_to_llm_provider: true}\n":  trace["Traceparent"]} {
		s := routertest.Start(t, routertest.Minimal+settings, router.Options{})
		if got := s.Send("POST", "/v1/chat/completions", `{"model":"m","messages":[]}`, trace); got.Status != 200 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		got := s.Upstream.Calls()[0].Header
		if got.Get("Traceparent") != want || (got.Get("Tracestate") != "") != (want != "") {
			t.Errorf("%q: %q %q", settings, got.Get("Traceparent"), got.Get("Tracestate"))
		}
	}
}
