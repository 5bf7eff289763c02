package router_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// conversation is one that Codex has compacted before.
const conversation = `{"model":"m","instructions":"be brief","metadata":{"a":"b"},"tool_choice":"auto","tools":[{"type":"function","name":"sh","parameters":{}}],"input":[
	{"type":"message","role":"user","content":[{"type":"input_text","text":"Another model worked on this task before you. Its handover:\n\nold"}]},
	{"type":"message","role":"developer","content":[{"type":"input_text","text":"dev"}]},
	{"type":"message","role":"user","content":[{"type":"input_text","text":"fix it"}]},
	{"type":"function_call","call_id":"c","name":"sh","arguments":"{}"},
	{"type":"function_call_output","call_id":"c","output":"done"},
	{"role":"assistant","content":"it is fixed"},
	{"role":"user","content":"and now?"}]}`

func TestAConversationIsCompactedWhereTheUpstreamCannot(t *testing.T) {
	t.Parallel()
	for speaks, whole := range map[string]string{
		"chat":      `{"id":"c","model":"up","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"SUMMARY"}}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}`,
		"messages":  `{"id":"m","type":"message","role":"assistant","model":"up","stop_reason":"end_turn","content":[{"type":"text","text":"SUMMARY"}],"usage":{"input_tokens":9,"output_tokens":2}}`,
		"responses": `{"id":"r","object":"response","status":"completed","model":"up","output":[{"type":"reasoning","summary":[]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"SUMMARY"}]}],"usage":{"input_tokens":9,"output_tokens":2,"total_tokens":11}}`,
	} {
		var mu sync.Mutex
		var path, asked string
		s := routertest.StartBefore(t, "model_list:\n  - {model_name: m, litellm_params: {model: openai/up, api_base: http://UP/v1}, "+
			"model_info: {speaks: ["+speaks+"]}}\ngeneral_settings: {master_key: sk-test}\n", router.Options{},
			func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				mu.Lock()
				defer mu.Unlock()
				path, asked = r.URL.Path, string(body)
				fmt.Fprint(w, whole)
			})
		got := s.Send("POST", "/v1/responses/compact", conversation, nil)
		if got.Status != 200 {
			t.Fatalf("%s: %d %s", speaks, got.Status, got.Body)
		}
		for where, want := range map[string]string{"object": "response.compaction", "output.#": "3",
			"output.0.content.0.text": "fix it", "output.1.content": "and now?", "output.2.role": "user",
			"output.2.content.0.text": "Another model worked on this task before you. Its handover:\n\nSUMMARY",
			"usage.input_tokens":      "9"} {
			if gjson.Get(got.Body, where).String() != want {
				t.Errorf("%s: %s is %s", speaks, where, gjson.Get(got.Body, where))
			}
		}
		dropped := got.Header.Get("X-Flowgate-Dropped")
		mu.Lock()
		if keeps := gjson.Get(asked, "metadata.a").String() == "b"; keeps != (speaks == "responses") || keeps != (dropped == "") {
			t.Errorf("%s: dropped %q of %s", speaks, dropped, asked)
		}
		if choice := gjson.Get(asked, "tool_choice").Raw; !strings.Contains(choice, "none") {
			t.Errorf("%s: tool_choice is %s", speaks, choice)
		}
		for _, want := range []string{"Write the handover only", "be brief", "fix it", `"up"`} {
			if !strings.Contains(asked, want) {
				t.Errorf("%s: %s was asked without %q: %s", speaks, path, want, asked)
			}
		}
		mu.Unlock()
	}
}

func TestACompactionPassesThroughWhereTheUpstreamHasIt(t *testing.T) {
	t.Parallel()
	for hasRoute, want := range map[bool]string{true: `{"object":"response.compaction","output":[{"type":"compaction"}]}`,
		false: "SUMMARY"} {
		var paths []string
		s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
			paths = append(paths, r.URL.Path)
			switch {
			case r.URL.Path != "/v1/responses/compact":
				fmt.Fprint(w, `{"id":"r","object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"SUMMARY"}]}]}`)
			case hasRoute:
				fmt.Fprint(w, want)
			default:
				http.NotFound(w, r)
			}
		})
		for range 2 {
			if got := s.Send("POST", "/v1/responses/compact", `{"model":"m","input":"hi"}`, nil); got.Status != 200 ||
				!strings.Contains(got.Body, want) {
				t.Errorf("%v: %d %s", hasRoute, got.Status, got.Body)
			}
		}
		all := strings.Join(paths, " ")
		if hasRoute && all != "/v1/responses/compact /v1/responses/compact" ||
			!hasRoute && all != "/v1/responses/compact /v1/responses /v1/responses" {
			t.Errorf("%v: asked %s", hasRoute, all)
		}
	}
}

func TestACompactionWithoutASummaryIsAFailure(t *testing.T) {
	t.Parallel()
	s := routertest.StartBefore(t, routertest.Minimal+"litellm_settings: {num_retries: 0}\n", router.Options{},
		func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/responses/compact" {
				http.NotFound(w, r)
				return
			}
			fmt.Fprint(w, `{"id":"r","object":"response","status":"completed","output":[{"type":"reasoning","summary":[]}]}`)
		})
	if got := s.Send("POST", "/v1/responses/compact", `{"model":"m","input":"hi"}`, nil); got.Status != 502 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func TestOnlyTheLastMessagesOfTheUserAreKept(t *testing.T) {
	t.Parallel()
	s := routertest.StartBefore(t, "model_list:\n  - {model_name: m, litellm_params: {model: openai/up, api_base: http://UP/v1}, "+
		"model_info: {speaks: [responses]}}\ngeneral_settings: {master_key: sk-test}\n", router.Options{},
		func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"id":"r","object":"response","output":[{"type":"message","content":[{"text":"S"}]}]}`)
		})
	item := func(n int) string {
		return fmt.Sprintf(`{"role":"user","content":"%d%s"}`, n, strings.Repeat("x", 30_000))
	}
	got := s.Send("POST", "/v1/responses/compact", `{"model":"m","input":[`+item(1)+","+item(2)+","+item(3)+`]}`, nil)
	if gjson.Get(got.Body, "output.#").Int() != 3 || gjson.Get(got.Body, "output.0.content").String()[0] != '2' ||
		gjson.Get(got.Body, "output.1.content").String()[0] != '3' {
		t.Errorf("%d %.200s", got.Status, got.Body)
	}
}
