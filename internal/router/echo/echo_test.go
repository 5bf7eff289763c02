package echo_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/echo"
	"github.com/tidwall/gjson"
)

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
	cut    error // what broke the body off
}

// serve starts an echo upstream on a real socket.
func serve(t *testing.T, opts echo.Options) string {
	t.Helper()
	srv := httptest.NewServer(echo.New(opts))
	t.Cleanup(srv.Close)
	return srv.URL
}

// send makes one request; header lines are "Name: value".
func send(t *testing.T, method, url, body string, headers ...string) (reply, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	got, cut := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(got), cut}, nil
}

// sendOK sends a request that gets an answer.
func sendOK(t *testing.T, method, url, body string, headers ...string) reply {
	t.Helper()
	r, err := send(t, method, url, body, headers...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return r
}

func TestEveryRouteAnswersInItsDialect(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{Version: "1.2.3", Now: func() time.Time { return time.Unix(1700000000, 0) }})
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     map[string]string // gjson path: value
	}{
		{"root says what it is", "GET", "/", "", 200, map[string]string{
			"service": "flowgate-echo", "version": "1.2.3",
			"message": "FlowGate echo upstream: a deterministic stand-in, not CLIProxyAPIPlus", "endpoints.0": "GET /"}},
		{"healthz", "GET", "/healthz", "", 200, map[string]string{"status": "ok"}},
		{"models", "GET", "/v1/models", "", 200, map[string]string{"object": "list", "data.0.id": "router-default",
			"data.1.id": "router-cheap"}},
		{"one model", "GET", "/v1/models/echo", "", 200, map[string]string{"id": "echo", "object": "model"}},
		{"a model that is not listed", "GET", "/v1/models/nope", "", 404,
			map[string]string{"error.type": "invalid_request_error"}},
		{"chat", "POST", "/v1/chat/completions",
			`{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"hi <you>"}]}`, 200,
			map[string]string{
				"object": "chat.completion", "model": "m", "created": "1700000000", "choices.0.message.content": "echo: hi <you>",
				"choices.0.finish_reason": "stop", "usage.prompt_tokens": "3", "usage.completion_tokens": "4",
				"usage.total_tokens": "7"}},
		{"a content without a role", "POST", "/v1beta/models/m:generateContent", `{"contents":[{"parts":[{"text":"hi"}]}]}`, 200,
			map[string]string{"candidates.0.content.parts.0.text": "echo: hi"}},
		{"chat with blocks", "POST", "/v1/chat/completions",
			`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"first"},{"type":"text","text":"last"},{"type":"image_url","image_url":{"url":"data:"}}]},{"role":"system","content":"later"}]}`, 200, map[string]string{
				"choices.0.message.content": "echo: last"}},
		{"chat tool call", "POST", "/v1/chat/completions",
			`{"model":"m","messages":[{"role":"user","content":"please call tool weather {\"city\":\"Bern\"}"}],"tools":[{"type":"function","function":{"name":"weather","parameters":{}}}]}`, 200, map[string]string{
				"choices.0.finish_reason": "tool_calls", "choices.0.message.tool_calls.0.function.name": "weather",
				"choices.0.message.tool_calls.0.function.arguments": `{"city":"Bern"}`,
				"choices.0.message.tool_calls.0.type":               "function"}},
		{"chat tool result is echoed, not called again", "POST", "/v1/chat/completions",
			`{"model":"m","messages":[{"role":"user","content":"call tool weather"},{"role":"assistant","content":null,"tool_calls":[{"id":"c"}]},{"role":"tool","tool_call_id":"c","content":"rain"}],"tools":[{"type":"function","function":{"name":"weather"}}]}`, 200, map[string]string{
				"choices.0.finish_reason": "stop", "choices.0.message.content": "echo: rain"}},
		{"chat tool that is not declared", "POST", "/v1/chat/completions",
			`{"model":"m","messages":[{"role":"user","content":"call tool other"}],"tools":[{"type":"function","function":{"name":"weather"}}]}`, 200, map[string]string{
				"choices.0.message.content": "echo: call tool other"}},
		{"chat tool_choice forces a call", "POST", "/v1/chat/completions",
			`{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"b"}}],"tool_choice":{"type":"function","function":{"name":"b"}}}`, 200, map[string]string{
				"choices.0.message.tool_calls.0.function.name": "b", "choices.0.message.tool_calls.0.function.arguments": "{}"}},
		{"chat tool_choice none", "POST", "/v1/chat/completions",
			`{"model":"m","messages":[{"role":"user","content":"call tool a"}],"tools":[{"type":"function","function":{"name":"a"}}],"tool_choice":"none"}`, 200, map[string]string{
				"choices.0.message.content": "echo: call tool a"}},
		{"completions", "POST", "/v1/completions", `{"model":"m","prompt":["a","b"]}`, 200, map[string]string{
			"object": "text_completion", "choices.0.text": "echo: a", "choices.1.text": "echo: b", "choices.1.index": "1"}},
		{"completions of tokens", "POST", "/v1/completions", `{"model":"m","prompt":[1,2]}`, 200,
			map[string]string{"choices.#": "1", "choices.0.text": "echo: 1 2"}},
		{"embeddings", "POST", "/v1/embeddings", `{"model":"e","input":["a","b","a"],"dimensions":3}`, 200, map[string]string{
			"data.#": "3", "data.0.embedding.#": "3", "data.2.index": "2", "usage.prompt_tokens": "3"}},
		{"pictures", "POST", "/v1/images/generations", `{"model":"m","prompt":"cat","n":2,"response_format":"url"}`, 200,
			map[string]string{"data.#": "2", "data.0.revised_prompt": "echo: cat", "usage.output_tokens": "2"}},
		{"pictures without a prompt", "POST", "/v1/images/generations", `{"model":"m"}`, 400, map[string]string{
			"error.message": "Missing required parameter: 'prompt'."}},
		{"too many pictures", "POST", "/v1/images/generations", `{"model":"m","prompt":"p","n":11}`, 400, map[string]string{
			"error.message": "n is 11; it must be from 1 to 10"}},
		{"an edit without a picture", "POST", "/v1/images/edits", `{"model":"m","prompt":"p"}`, 400, map[string]string{
			"error.message": "Missing required parameter: 'image'."}},
		{"an edit of a picture by its id", "POST", "/v1/images/edits", `{"model":"m","prompt":"p","images":[{"file_id":"f"}]}`,
			200, map[string]string{"data.#": "1"}},
		{"speech without a text", "POST", "/v1/audio/speech", `{"model":"m","voice":"v"}`, 400, map[string]string{
			"error.message": "Missing required parameter: 'input'."}},
		{"a transcript of nothing", "POST", "/v1/audio/transcriptions", `{"model":"m"}`, 400, map[string]string{
			"error.message": "Missing required parameter: 'file'."}},
		{"rerank", "POST", "/v1/rerank",
			`{"model":"m","query":"a b","documents":["x",{"text":"A"},"b a"],"return_documents":true}`, 200, map[string]string{
				"results.0.index": "2", "results.0.relevance_score": "1", "results.1.document.text": "A",
				"results.2.relevance_score": "0", "meta.billed_units.search_units": "1"}},
		{"moderations", "POST", "/v1/moderations", `{"model":"m","input":["fine","Violence"]}`, 200, map[string]string{
			"results.0.flagged": "false", "results.1.flagged": "true", "results.1.categories.violence": "true",
			"results.1.categories.hate": "false"}},
		{"compaction", "POST", "/v1/responses/compact",
			`{"model":"m","input":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}`, 200, map[string]string{
				"object": "response.compaction", "output.#": "2", "output.0.role": "user", "output.1.type": "compaction"}},
		{"responses", "POST", "/v1/responses", `{"model":"m","input":"hi"}`, 200, map[string]string{
			"object": "response", "status": "completed", "output.0.type": "message", "output.0.content.0.text": "echo: hi",
			"usage.total_tokens": "3"}},
		{"responses with items", "POST", "/v1/responses",
			`{"model":"m","instructions":"i","input":[{"type":"message","role":"developer","content":"d"},{"role":"user","content":[{"type":"input_text","text":"hi"}]}]}`, 200, map[string]string{
				"output.0.content.0.text": "echo: hi"}},
		{"responses tool call", "POST", "/v1/responses",
			`{"model":"m","input":"call tool look","tools":[{"type":"web_search"},{"type":"function","name":"look","parameters":{}}]}`, 200, map[string]string{
				"output.0.type": "function_call", "output.0.name": "look", "output.0.arguments": "{}"}},
		{"responses tool result", "POST", "/v1/responses",
			`{"model":"m","input":[{"role":"user","content":"call tool look"},{"type":"function_call","call_id":"c","name":"look","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"seen"}],"tools":[{"type":"function","name":"look"}]}`, 200, map[string]string{
				"output.0.content.0.text": "echo: seen"}},
		{"messages", "POST", "/v1/messages?beta=true",
			`{"model":"m","max_tokens":9,"system":[{"type":"text","text":"sys"}],"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}`, 200, map[string]string{
				"type": "message", "role": "assistant", "content.0.type": "text", "content.0.text": "echo: hi",
				"stop_reason": "end_turn", "usage.input_tokens": "2"}},
		{"messages tool call", "POST", "/v1/messages",
			`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"call tool look {\"a\":1}"}],"tools":[{"name":"look","input_schema":{"type":"object"}}]}`, 200, map[string]string{
				"stop_reason": "tool_use", "content.0.type": "tool_use", "content.0.name": "look", "content.0.input.a": "1"}},
		{"messages tool result", "POST", "/v1/messages",
			`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"seen"}]}]}],"tools":[{"name":"look"}],"tool_choice":{"type":"any"}}`, 200, map[string]string{
				"content.0.text": "echo: seen"}},
		{"messages tool_choice any", "POST", "/v1/messages",
			`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"look"}],"tool_choice":{"type":"any"}}`, 200, map[string]string{
				"content.0.name": "look"}},
		{"count_tokens", "POST", "/v1/messages/count_tokens",
			`{"model":"m","system":"1234","messages":[{"role":"user","content":"12345678"}]}`, 200,
			map[string]string{"input_tokens": "3"}},
		{"unknown path", "GET", "/nope", "", 404, map[string]string{"error.message": "the echo upstream has no GET /nope"}},
		{"unknown path below messages", "GET", "/v1/messages/batches", "", 404,
			map[string]string{"type": "error", "error.type": "not_found_error"}},
		{"wrong method", "GET", "/v1/chat/completions", "", 405,
			map[string]string{"error.message": "/v1/chat/completions takes POST, not GET"}},
		{"management is not here", "GET", "/v0/management/config", "", 404, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := sendOK(t, tt.method, url+tt.path, tt.body)
			if got.status != tt.status || got.header.Get("X-Flowgate-Echo") != "1" {
				t.Errorf("status %d, x-flowgate-echo %q; want %d, 1\n%s", got.status, got.header.Get("X-Flowgate-Echo"), tt.status,
					got.body)
			}
			for path, want := range tt.want {
				if v := gjson.Get(got.body, path).String(); v != want {
					t.Errorf("%s is %q, want %q\n%s", path, v, want, got.body)
				}
			}
		})
	}
}

func TestHealthCheckersMayUseHead(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	for _, path := range []string{"/", "/healthz", "/v1/models"} {
		if got := sendOK(t, "HEAD", url+path, ""); got.status != 200 || got.body != "" {
			t.Errorf("HEAD %s: %d %q", path, got.status, got.body)
		}
	}
}

func TestTheSameRequestGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	clock := func() time.Time { return time.Unix(1, 0) }
	one, other := serve(t, echo.Options{Now: clock}), serve(t, echo.Options{Now: clock})
	for path, body := range map[string]string{
		"/v1/chat/completions": `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`,
		"/v1/responses":        `{"model":"m","input":"hi","stream":true}`,
		"/v1/messages":         `{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`,
		"/v1/embeddings":       `{"model":"m","input":"hi"}`,
	} {
		a, b := sendOK(t, "POST", one+path, body), sendOK(t, "POST", other+path, body)
		if a.body != b.body || a.body == "" {
			t.Errorf("%s: two answers to one request:\n%s\n%s", path, a.body, b.body)
		}
		c := sendOK(t, "POST", one+path, strings.Replace(body, "hi", "ho", 1))
		if c.body == a.body {
			t.Errorf("%s: one answer to two requests", path)
		}
	}
}

func TestALongTextIsClippedBetweenTwoCharacters(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	said, _ := json.Marshal(strings.Repeat("é", 5000))
	got := sendOK(t, "POST", url+"/v1/responses", fmt.Sprintf(`{"model":"m","input":%s}`, said))
	if text := gjson.Get(got.body, "output.0.content.0.text").String(); text != "echo: "+strings.Repeat("é", 1024) {
		t.Errorf("%d bytes came back", len(text))
	}
}

func Example() {
	srv := httptest.NewServer(echo.New(echo.Options{Keys: []string{"sk-upstream"}}))
	defer srv.Close()
	req, _ := http.NewRequest("POST", srv.URL+"/v1/messages",
		strings.NewReader(`{"model":"router-default","max_tokens":64,"messages":[{"role":"user","content":"good morning"}]}`))
	req.Header.Set("x-api-key", "sk-upstream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var message struct {
		Content []struct{ Text string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&message); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(message.Content[0].Text)
	// Output: echo: good morning
}
