package router_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// chatOnly is an upstream that serves only chat completions, as most do. It answers
// with reply and keeps the last request's body.
func chatOnly(reply func(w http.ResponseWriter, body string)) (h http.HandlerFunc, last *atomic.Value,
	missing *atomic.Int32) {
	last, missing = new(atomic.Value), new(atomic.Int32)
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/chat/completions") {
			missing.Add(1)
			http.NotFound(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		last.Store(string(body))
		reply(w, string(body))
	}, last, missing
}

func writeText(w http.ResponseWriter, body string) {
	if strings.Contains(body, `"stream":true`) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, piece := range []string{"Hel", "lo"} {
			fmt.Fprintf(w, "data: {\"id\":\"c\",\"model\":\"up-model\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":%q}}]}\n\n", piece)
			w.(http.Flusher).Flush()
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n")
		return
	}
	fmt.Fprint(w, `{"id":"c","model":"up-model","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}`)
}

func TestClaudeCodeWorksOverAnUpstreamThatHasOnlyChat(t *testing.T) {
	t.Parallel()
	handler, last, missing := chatOnly(writeText)
	s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, handler)
	for range 2 {
		got := s.Messages("m", `,"system":"be brief","top_k":4`)
		var reply struct {
			Type, Model string
			Content     []struct{ Type, Text string }
			StopReason  string `json:"stop_reason"`
		}
		if err := json.Unmarshal([]byte(got.Body), &reply); err != nil || got.Status != 200 {
			t.Fatal(got.Status, got.Body, err)
		}
		if reply.Type != "message" || reply.Model != "m" || len(reply.Content) != 1 || reply.Content[0].Text != "Hello" ||
			reply.StopReason != "end_turn" {
			t.Error(got.Body)
		}
		if dropped := got.Header.Get("x-flowgate-dropped"); dropped != "top_k" {
			t.Errorf("dropped %q", dropped)
		}
	}
	if want := `"model":"up-model"`; !strings.Contains(last.Load().(string), want) ||
		!strings.Contains(last.Load().(string), "be brief") {
		t.Errorf("the upstream got %s", last.Load())
	}
	if missing.Load() != 1 {
		t.Errorf("the missing route was asked %d times", missing.Load())
	}
	if n := strings.Count(s.Log.String(), "attempt failed"); n != 0 {
		t.Errorf("a missing route counts as a failure: %s", s.Log.String())
	}
}

func TestStreamsAreTranslatedForEachClient(t *testing.T) {
	t.Parallel()
	handler, _, _ := chatOnly(writeText)
	s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, handler)
	got := s.Messages("m", `,"stream":true`)
	for _, want := range []string{"event: message_start\n", `"text":"Hel"`, `"text":"lo"`, `"stop_reason":"end_turn"`,
		"event: message_stop\n", `"model":"m"`} {
		if !strings.Contains(got.Body, want) {
			t.Errorf("no %s in %s", want, got.Body)
		}
	}
	if kind := got.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		t.Error(kind)
	}
	got = s.Send("POST", "/v1/responses", `{"model":"m","stream":true,"input":"hi"}`, nil)
	for _, want := range []string{"event: response.created\n", `"delta":"Hel"`, "event: response.completed\n",
		`"model":"m"`} {
		if !strings.Contains(got.Body, want) {
			t.Errorf("no %s in %s", want, got.Body)
		}
	}
}

func TestAStreamThatBreaksEndsInTheClientsOwnError(t *testing.T) {
	t.Parallel()
	for name, tail := range map[string]string{
		"cut":             "",
		"an error inside": "data: {\"error\":{\"message\":\"overloaded there\"}}\n\n",
		"nonsense":        "data: {\"choices\":[{]}\n\n",
	} {
		handler, _, _ := chatOnly(func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n"+tail)
		})
		s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "k-up}", "k-up, num_retries: 0}", 1), router.Options{}, handler)
		got := s.Messages("m", `,"stream":true`)
		if !strings.Contains(got.Body, "event: error\n") || strings.Contains(got.Body, "message_stop") ||
			strings.Count(got.Body, "event: error") != 1 {
			t.Errorf("%s: messages: %s", name, got.Body)
		}
		got = s.Send("POST", "/v1/responses", `{"model":"m","stream":true,"input":"hi"}`, nil)
		if strings.Count(got.Body, "event: response.failed\n") != 1 || strings.Contains(got.Body, "response.completed") {
			t.Errorf("%s: responses: %s", name, got.Body)
		}
		if n := strings.Count(s.Log.String(), "stream failed"); n != 2 {
			t.Errorf("%s: %d failures counted: %s", name, n, s.Log.String())
		}
	}
}

func TestAStreamWithoutContentIsAnErrorWithAStatus(t *testing.T) {
	t.Parallel()
	handler, _, _ := chatOnly(func(w http.ResponseWriter, _ string) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	})
	s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "k-up}", "k-up, num_retries: 0}", 1), router.Options{}, handler)
	if got := s.Messages("m", `,"stream":true`); got.Status < 500 || !strings.HasPrefix(got.Body, `{"type":"error"`) {
		t.Error(got.Status, got.Body)
	}
}

func TestAnUpstreamsRefusalKeepsItsWordsInTheClientsEnvelope(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   []string
	}{
		"rate limit": {429, `{"error":{"message":"Slow down, friend","type":"tokens"}}`,
			[]string{`"type":"rate_limit_error"`, "Slow down, friend"}},
		"overflow": {400, `{"error":{"message":"This model's maximum context length is 8192 tokens","code":"context_length_exceeded"}}`,
			[]string{"prompt is too long", "maximum context length is 8192"}},
	} {
		handler, _, _ := chatOnly(func(w http.ResponseWriter, _ string) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		})
		s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "k-up}", "k-up, num_retries: 0}", 1), router.Options{}, handler)
		got := s.Messages("m")
		for _, want := range c.want {
			if got.Status != c.status || !strings.HasPrefix(got.Body, `{"type":"error"`) || !strings.Contains(got.Body, want) ||
				got.Header.Get("Retry-After") != "7" {
				t.Errorf("%s: %d %v %s: no %s", name, got.Status, got.Header, got.Body, want)
			}
		}
	}
}

func TestWhatCannotBeTranslatedIs400AndTheUpstreamIsNotAsked(t *testing.T) {
	t.Parallel()
	handler, last, _ := chatOnly(writeText)
	s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, handler)
	s.Messages("m") // from here on it is known that only chat is served
	last.Store("")
	got := s.Send("POST", "/v1/responses", `{"model":"m","input":"hi","previous_response_id":"resp_1"}`, nil)
	if got.Status != 400 || !strings.Contains(got.Body, "previous_response_id") || last.Load() != "" {
		t.Errorf("%d %s; the upstream got %q", got.Status, got.Body, last.Load())
	}
	if got := s.Chat("m"); got.Status != 200 {
		t.Error("a request that cannot be translated cools the deployment", got.Status, got.Body)
	}
}

func TestTheClientsFormIsKeptWhateverTheUpstreamSends(t *testing.T) {
	t.Parallel()
	whole := func(w http.ResponseWriter, _ string) { writeText(w, "") }
	streamed := func(w http.ResponseWriter, _ string) { writeText(w, `"stream":true`) }
	for name, c := range map[string]struct {
		reply func(http.ResponseWriter, string)
		more  string
		want  []string
	}{
		"a stream of JSON": {whole, `,"stream":true`, []string{"Hello", "[DONE]", "message_stop", "response.completed"}},
		"JSON of a stream": {streamed, ``, []string{"Hello", `"chat.completion"`, `"type":"message"`, `"object":"response"`}},
	} {
		handler, _, _ := chatOnly(c.reply)
		s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, handler)
		all := s.Chat("m", c.more).Body + s.Messages("m", c.more).Body + s.Send("POST", "/v1/responses",
			`{"model":"m","input":"hi"`+c.more+`}`, nil).Body
		for _, want := range c.want {
			if !strings.Contains(all, want) {
				t.Errorf("%s: no %s in %s", name, want, all)
			}
		}
		if strings.Contains(all, "data:") != (c.more != "") {
			t.Errorf("%s: %s", name, all)
		}
	}
}

func TestTheClientsBetasStayWithUpstreamsOfItsDialect(t *testing.T) {
	t.Parallel()
	var seen atomic.Value
	handler, _, _ := chatOnly(writeText)
	s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
		seen.Store(fmt.Sprint(r.Header, r.URL.RawQuery))
		handler(w, r)
	})
	got := s.Send("POST", "/v1/messages?beta=true",
		`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`,
		map[string]string{"Anthropic-Beta": "some-beta", "Anthropic-Version": "2023-06-01"})
	if got.Status != 200 || strings.Contains(seen.Load().(string), "beta") ||
		strings.Contains(seen.Load().(string), "Anthropic") {
		t.Errorf("%d; the upstream got %s", got.Status, seen.Load())
	}
}

// TestThinkingOfOtherUpstreamsStaysAway has a conversation that began over chat go on
// where the client's dialect is spoken.
func TestThinkingOfOtherUpstreamsStaysAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, body, want string }{
		"messages": {"/v1/messages",
			`{"model":"MODEL","max_tokens":16,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"~flowgate:chat"},{"type":"text","text":"b"}]},{"role":"user","content":"c"}],"x_unknown": 1}`,
			`{"model":"ok","max_tokens":16,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"text","text":"b"}]},{"role":"user","content":"c"}],"x_unknown": 1}`},
		"count_tokens": {"/v1/messages/count_tokens",
			`{"model":"MODEL","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"~flowgate:chat"},{"type":"text","text":"b"}]}]}`,
			`{"model":"ok","messages":[{"role":"assistant","content":[{"type":"text","text":"b"}]}]}`},
		"responses": {"/v1/responses",
			`{"model":"MODEL","input":[{"type":"reasoning","summary":[],"encrypted_content":"~flowgate:chat"},{"role":"user","content":"c"}]}`,
			`{"model":"ok","input":[{"role":"user","content":"c"}]}`},
		"the mark in a text": {"/v1/messages",
			`{"model":"MODEL", "max_tokens":16,"messages":[{"role":"user","content":"~flowgate:chat"}]}`,
			`{"model":"ok", "max_tokens":16,"messages":[{"role":"user","content":"~flowgate:chat"}]}`},
		"chat": {"/v1/chat/completions", `{"model":"MODEL","messages":[{"role":"user","content":"~flowgate:chat"}]}`,
			`{"model":"ok","messages":[{"role":"user","content":"~flowgate:chat"}]}`},
	} {
		s := routertest.Start(t, routertest.Groups(routertest.WithoutRetries, "m: ok"), router.Options{})
		got := s.Send("POST", c.path, strings.Replace(c.body, "MODEL", "m", 1), nil)
		if calls := s.Upstream.Calls(); got.Status != 200 || len(calls) != 1 || string(calls[0].Body) != c.want {
			t.Errorf("%s: %d %s; the upstream got %s", name, got.Status, got.Body, calls[0].Body)
		}
		routertest.Eventually(t, "all is given back", func() bool { return s.Router.Held() == 0 })
	}
}

// TestADeepThoughtComesBackToItsChatUpstream follows a thought signature of Gemini's through the client.
func TestADeepThoughtComesBackToItsChatUpstream(t *testing.T) {
	t.Parallel()
	handler, last, _ := chatOnly(func(w http.ResponseWriter, _ string) {
		fmt.Fprint(w, `{"choices":[{"index":0,"message":{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"now","arguments":"{}"},"extra_content":{"google":{"thought_signature":"AbC="}}}]},"finish_reason":"tool_calls"}]}`)
	})
	for model, want := range map[string]bool{"gemini/g": true, "openai/g": false} {
		s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "openai/up-model", model, 1), router.Options{}, handler)
		tools := `,"tools":[{"name":"now","input_schema":{"type":"object"}}]`
		got := s.Messages("m", tools)
		var reply struct{ Content json.RawMessage }
		if err := json.Unmarshal([]byte(got.Body), &reply); err != nil || !strings.Contains(got.Body, "~flowgate:call:AbC=") {
			t.Fatal(got.Status, got.Body, err)
		}
		s.Send("POST", "/v1/messages",
			`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":`+
				string(reply.Content)+`},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"noon"}]}]`+
				tools+`}`, nil)
		if has := strings.Contains(last.Load().(string),
			`"extra_content":{"google":{"thought_signature":"AbC="}}`); has != want {
			t.Errorf("%s: the upstream got %s", model, last.Load())
		}
	}
}

func TestWhatModelInfoSaysOfTheModelDecidesWhatItGets(t *testing.T) {
	t.Parallel()
	handler, last, _ := chatOnly(writeText)
	const png = `,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}},{"type":"text","text":"hi"}]}]`
	for info, status := range map[string]int{"supports_vision: false": 400, "supports_vision: true": 200,
		"mode: chat": 200} {
		s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "{id:", "{"+info+", id:", 1), router.Options{}, handler)
		if got := s.Messages("m", png); got.Status != status {
			t.Errorf("%s: an image: %d %s", info, got.Status, got.Body)
		}
	}
	for info, want := range map[string]bool{"supports_reasoning: true": true, "supports_reasoning: false": false,
		"mode: chat": false} {
		s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "{id:", "{"+info+", id:", 1), router.Options{}, handler)
		got := s.Send("POST", "/v1/responses", `{"model":"m","input":"hi","reasoning":{"effort":"high"}}`, nil)
		if has := strings.Contains(last.Load().(string), `"reasoning_effort":"high"`); got.Status != 200 || has != want ||
			(got.Header.Get("x-flowgate-dropped") == "") != want {
			t.Errorf("%s: %d %v; the upstream got %s", info, got.Status, got.Header, last.Load())
		}
	}
}

// TestWhatWasLostIsNamedOnErrorsAndStreamsToo has the header wherever there is a reply of an upstream.
func TestWhatWasLostIsNamedOnErrorsAndStreamsToo(t *testing.T) {
	t.Parallel()
	for model, status := range map[string]int{"ok": 200, "fail-400": 400, "fail-429": 429} {
		s := routertest.Start(t, withDialect("chat", routertest.Groups(routertest.WithoutRetries, "m: "+model)), router.Options{})
		for _, more := range []string{"", `,"stream":true`} {
			got := s.Messages("m", `,"top_k":4`+more)
			if got.Status != status || got.Header.Get("x-flowgate-dropped") != "top_k" {
				t.Errorf("%s%s: %d %v", model, more, got.Status, got.Header)
			}
		}
		if got := s.Chat("m"); got.Header.Get("x-flowgate-dropped") != "" {
			t.Errorf("nothing was translated: %v", got.Header)
		}
	}
}

// TestAGroupMayMixDialects asks a group of two: one passes the request through, one gets a translation.
func TestAGroupMayMixDialects(t *testing.T) {
	t.Parallel()
	yaml := strings.Replace(routertest.Groups(routertest.WithoutCooldowns, "m: a/native chat"), "{id: m-chat}", "{speaks: [chat], id: m-chat}", 1)
	s := routertest.Start(t, yaml, router.Options{Rand: routertest.Alternate()})
	for _, stream := range []string{"", `,"stream":true`} {
		for range 4 {
			if got := s.Messages("m", stream); got.Status != 200 || !strings.Contains(got.Body, `"end_turn"`) ||
				!strings.Contains(got.Body, `"model":"m"`) {
				t.Error(got.Status, got.Body)
			}
			if got := s.Chat("m", stream); got.Status != 200 || !strings.Contains(got.Body, `"finish_reason":"stop"`) ||
				!strings.Contains(got.Body, `"model":"m"`) {
				t.Error(got.Status, got.Body)
			}
		}
	}
	paths := map[string]int{}
	for _, c := range s.Upstream.Calls() {
		paths[c.Path+" "+c.Model]++
	}
	if paths["/v1/messages native"] != 8 || paths["/v1/chat/completions chat"] != 8 {
		t.Error(paths)
	}
	for range 4 { // only one of them can count
		if got := s.Send("POST", "/v1/messages/count_tokens", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`,
			nil); !strings.Contains(got.Body, `"input_tokens":42`) {
			t.Error(got.Status, got.Body)
		}
	}
}

func TestAChatUpstreamsTokensAreEstimated(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, withDialect("chat", routertest.Groups(routertest.WithoutRetries, "m: ok")), router.Options{})
	got := s.Send("POST", "/v1/messages/count_tokens", `{"model":"m","messages":[{"role":"user","content":"hi there"}]}`,
		nil)
	if got.Status != 200 || !strings.Contains(got.Body, "local_estimate") || len(s.Upstream.Calls()) != 0 {
		t.Errorf("%d %s after %v", got.Status, got.Body, s.Models())
	}
}

// TestAMockAnswersInEveryDialect has one whose model would be translated for.
func TestAMockAnswersInEveryDialect(t *testing.T) {
	t.Parallel()
	yaml := withDialect("chat", routertest.Groups(routertest.WithoutRetries, "m: fail-500")) // a translated attempt goes before the mock
	yaml = strings.Replace(yaml, "general_settings",
		"  - {model_name: b, litellm_params: {model: openai/x, mock_response: mocked}, model_info: {speaks: [chat], id: "+
			"b}}\ngeneral_settings", 1)
	s := routertest.Start(t, strings.Replace(yaml, "num_retries: 0", "num_retries: 0, fallbacks: [{m: [b]}]", 1), router.Options{})
	for client, d := range spoken {
		for _, model := range []string{"m", "b"} {
			if got := ask(s, client, model); got.Status != 200 || !strings.Contains(got.Body, "mocked") ||
				strings.Count(got.Body, d.end) != 1 || got.Header.Get("x-flowgate-dropped") != "" {
				t.Errorf("%s %s: %d %s", client, model, got.Status, got.Body)
			}
			path := strings.NewReplacer("MODEL", model, "streamGenerateContent?alt=sse", "generateContent").Replace(d.path)
			got := s.Send("POST", path, `{"model":"`+model+`",`+d.rest+`}`, nil)
			if got.Status != 200 || !strings.Contains(got.Body, "mocked") || strings.Contains(got.Body, "data:") {
				t.Errorf("%s %s: %d %s", client, model, got.Status, got.Body)
			}
		}
	}
}

func TestAReplyInAFormComesFromAModelWithoutForms(t *testing.T) {
	t.Parallel()
	for model, forced := range map[string]bool{"claude-3-5-haiku-20241022": true, "claude-sonnet-4-20250514": true,
		"claude-opus-4-1-20250805": false, "claude-haiku-4-5": false, "claude-sonnet-5": false, "glm-4.6": true,
		"claude-haiku-4-5, supports: false": true, "glm-4.6, supports: true": false} {
		name, supports, isSaid := strings.Cut(model, ", supports: ")
		info := "model_info: {speaks: [messages]"
		if isSaid {
			info += ", supports_response_schema: " + supports
		}
		var asked atomic.Value
		s := routertest.StartBefore(t, strings.NewReplacer("up-model", name, "model_info: {", info+", ").Replace(routertest.Minimal),
			router.Options{}, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				asked.Store(string(body))
				fmt.Fprint(w, `{"type":"message","content":[{"type":"tool_use","id":"t","name":"structured_reply","input":{"a":1}}],"stop_reason":"tool_use"}`)
			})
		got := s.Chat("m", `,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}`)
		body := asked.Load().(string)
		if strings.Contains(body, "output_config") == forced || strings.Contains(body, "structured_reply") != forced {
			t.Errorf("%s: the upstream got %s", model, body)
		}
		if strings.Contains(got.Body, `"content":"{\"a\":1}"`) != forced || got.Status != 200 {
			t.Errorf("%s: %d %s", model, got.Status, got.Body)
		}
	}
}

// TestThinkingSurvivesARouterBehindARouter has a client of messages, two routers that
// pass its requests on, and a chat upstream that wants its reasoning back.
func TestThinkingSurvivesARouterBehindARouter(t *testing.T) {
	t.Parallel()
	handler, last, _ := chatOnly(func(w http.ResponseWriter, _ string) {
		fmt.Fprint(w, `{"choices":[{"index":0,"message":{"reasoning_content":"hm","content":"Hello"},"finish_reason":"stop"}]}`)
	})
	yaml := strings.Replace(routertest.Minimal, "openai/up-model", "deepseek/up-model", 1)
	behind := routertest.StartBefore(t, strings.Replace(yaml, "model_info: {", "model_info: {speaks: [chat], ", 1), router.Options{}, handler)
	front := routertest.StartAt(t, strings.TrimPrefix(behind.URL, "http://"), strings.NewReplacer("up-model", "m", "k-up", "sk-test").
		Replace(routertest.Minimal), router.Options{})
	got := front.Messages("m")
	var reply struct{ Content json.RawMessage }
	if err := json.Unmarshal([]byte(got.Body), &reply); err != nil || !strings.Contains(string(reply.Content), `"signature":"~flowgate:`) {
		t.Fatal(got.Status, got.Body, err)
	}
	front.Send("POST", "/v1/messages", `{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":`+
		string(reply.Content)+`},{"role":"user","content":"and"}]}`, nil)
	if body := last.Load().(string); !strings.Contains(body, `"reasoning_content":"hm"`) {
		t.Errorf("the upstream got %s", body)
	}
}
