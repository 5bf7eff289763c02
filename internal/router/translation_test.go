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
)

// chatOnly is an upstream that serves only chat completions, as most do. It answers
// with reply and keeps the last request's body.
func chatOnly(reply func(w http.ResponseWriter, body string)) (h http.HandlerFunc, last *atomic.Value, missing *atomic.Int32) {
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
	s := behind(t, minimal, router.Options{}, handler)
	for range 2 {
		got := s.messages("m", `,"system":"be brief","top_k":4`)
		var reply struct {
			Type, Model string
			Content     []struct{ Type, Text string }
			StopReason  string `json:"stop_reason"`
		}
		if err := json.Unmarshal([]byte(got.body), &reply); err != nil || got.status != 200 {
			t.Fatal(got.status, got.body, err)
		}
		if reply.Type != "message" || reply.Model != "m" || len(reply.Content) != 1 || reply.Content[0].Text != "Hello" || reply.StopReason != "end_turn" {
			t.Error(got.body)
		}
		if dropped := got.header.Get("x-flowgate-dropped"); dropped != "top_k" {
			t.Errorf("dropped %q", dropped)
		}
	}
	if want := `"model":"up-model"`; !strings.Contains(last.Load().(string), want) || !strings.Contains(last.Load().(string), "be brief") {
		t.Errorf("the upstream got %s", last.Load())
	}
	if missing.Load() != 1 {
		t.Errorf("the missing route was asked %d times", missing.Load())
	}
	if n := strings.Count(s.log.String(), "attempt failed"); n != 0 {
		t.Errorf("a missing route counts as a failure: %s", s.log.String())
	}
}

func TestStreamsAreTranslatedForEachClient(t *testing.T) {
	t.Parallel()
	handler, _, _ := chatOnly(writeText)
	s := behind(t, minimal, router.Options{}, handler)
	got := s.messages("m", `,"stream":true`)
	for _, want := range []string{"event: message_start\n", `"text":"Hel"`, `"text":"lo"`, `"stop_reason":"end_turn"`, "event: message_stop\n", `"model":"m"`} {
		if !strings.Contains(got.body, want) {
			t.Errorf("no %s in %s", want, got.body)
		}
	}
	if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		t.Error(kind)
	}
	got = s.send("POST", "/v1/responses", `{"model":"m","stream":true,"input":"hi"}`, nil)
	for _, want := range []string{"event: response.created\n", `"delta":"Hel"`, "event: response.completed\n", `"model":"m"`} {
		if !strings.Contains(got.body, want) {
			t.Errorf("no %s in %s", want, got.body)
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
		s := behind(t, strings.Replace(minimal, "k-up}", "k-up, num_retries: 0}", 1), router.Options{}, handler)
		got := s.messages("m", `,"stream":true`)
		if !strings.Contains(got.body, "event: error\n") || strings.Contains(got.body, "message_stop") || strings.Count(got.body, "event: error") != 1 {
			t.Errorf("%s: messages: %s", name, got.body)
		}
		got = s.send("POST", "/v1/responses", `{"model":"m","stream":true,"input":"hi"}`, nil)
		if strings.Count(got.body, "event: response.failed\n") != 1 || strings.Contains(got.body, "response.completed") {
			t.Errorf("%s: responses: %s", name, got.body)
		}
		if n := strings.Count(s.log.String(), "stream failed"); n != 2 {
			t.Errorf("%s: %d failures counted: %s", name, n, s.log.String())
		}
	}
}

func TestAStreamWithoutContentIsAnErrorWithAStatus(t *testing.T) {
	t.Parallel()
	handler, _, _ := chatOnly(func(w http.ResponseWriter, _ string) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	})
	s := behind(t, strings.Replace(minimal, "k-up}", "k-up, num_retries: 0}", 1), router.Options{}, handler)
	if got := s.messages("m", `,"stream":true`); got.status < 500 || !strings.HasPrefix(got.body, `{"type":"error"`) {
		t.Error(got.status, got.body)
	}
}

func TestAnUpstreamsRefusalKeepsItsWordsInTheClientsEnvelope(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   []string
	}{
		"rate limit": {429, `{"error":{"message":"Slow down, friend","type":"tokens"}}`, []string{`"type":"rate_limit_error"`, "Slow down, friend"}},
		"overflow": {400, `{"error":{"message":"This model's maximum context length is 8192 tokens","code":"context_length_exceeded"}}`,
			[]string{"prompt is too long", "maximum context length is 8192"}},
	} {
		handler, _, _ := chatOnly(func(w http.ResponseWriter, _ string) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		})
		s := behind(t, strings.Replace(minimal, "k-up}", "k-up, num_retries: 0}", 1), router.Options{}, handler)
		got := s.messages("m")
		for _, want := range c.want {
			if got.status != c.status || !strings.HasPrefix(got.body, `{"type":"error"`) || !strings.Contains(got.body, want) || got.header.Get("Retry-After") != "7" {
				t.Errorf("%s: %d %v %s: no %s", name, got.status, got.header, got.body, want)
			}
		}
	}
}

func TestWhatCannotBeTranslatedIs400AndTheUpstreamIsNotAsked(t *testing.T) {
	t.Parallel()
	handler, last, _ := chatOnly(writeText)
	s := behind(t, minimal, router.Options{}, handler)
	s.messages("m") // from here on it is known that only chat is served
	last.Store("")
	got := s.send("POST", "/v1/responses", `{"model":"m","input":"hi","previous_response_id":"resp_1"}`, nil)
	if got.status != 400 || !strings.Contains(got.body, "previous_response_id") || last.Load() != "" {
		t.Errorf("%d %s; the upstream got %q", got.status, got.body, last.Load())
	}
	if got := s.chat("m"); got.status != 200 {
		t.Error("a request that cannot be translated cools the deployment", got.status, got.body)
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
		s := behind(t, minimal, router.Options{}, handler)
		all := s.chat("m", c.more).body + s.messages("m", c.more).body + s.send("POST", "/v1/responses", `{"model":"m","input":"hi"`+c.more+`}`, nil).body
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
	s := behind(t, minimal, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
		seen.Store(fmt.Sprint(r.Header, r.URL.RawQuery))
		handler(w, r)
	})
	got := s.send("POST", "/v1/messages?beta=true", `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`,
		map[string]string{"Anthropic-Beta": "some-beta", "Anthropic-Version": "2023-06-01"})
	if got.status != 200 || strings.Contains(seen.Load().(string), "beta") || strings.Contains(seen.Load().(string), "Anthropic") {
		t.Errorf("%d; the upstream got %s", got.status, seen.Load())
	}
}
