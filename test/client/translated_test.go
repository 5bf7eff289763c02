package client_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// translatedTable is every conversation that is held over upstreams of one dialect.
var translatedTable = []row{
	{"chat", nil, chat},
	{"chat streamed", nil, chatStreamed},
	{"chat tools", nil, chatTools},
	{"chat tools streamed", nil, chatToolsStreamed},
	{"chat of 300 kB", nil, chatLong},
	{"chat stream that breaks", nil, chatBroken},
	{"responses", nil, response},
	{"responses streamed", nil, responseStreamed},
	{"responses tools", nil, responseTools},
	{"messages", nil, messagesAt("router-default")},
	{"messages streamed", nil, messagesStreamedAt("router-default")},
	{"messages tools", nil, messagesToolsAt("router-default")},
	{"messages stream that breaks", nil, messagesBroken},
	{"error after retries", nil, errorAfterRetries},
	{"error after retries on messages", nil, messagesErrorAfterRetries},
	{"deep chat", nil, deepChat},
	{"deep messages", nil, deepMessages},
	{"deep responses", nil, deepResponses},
}

// TestOfficialClientsTalkToUpstreamsOfOneDialect has upstreams that lack the routes of
// two of the three clients.
func TestOfficialClientsTalkToUpstreamsOfOneDialect(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"/v1/chat/completions", "/v1/messages", "/v1/responses"} {
		t.Run(strings.TrimPrefix(route, "/v1/"), func(t *testing.T) {
			t.Parallel()
			tg := newTranslated(t, route)
			for _, r := range translatedTable {
				t.Run(r.name, func(t *testing.T) { t.Parallel(); r.run(t, tg) })
			}
		})
	}
}

// newTranslated starts the embedded router in front of an echo upstream with one route.
func newTranslated(t *testing.T, route string) target {
	t.Helper()
	u := newUpstream(t, route)
	config := "model_list:\n"
	for _, model := range []string{"router-default", "cut", "cut-messages", "fail-503", "fail-503-messages", "deep"} {
		config += fmt.Sprintf("  - {model_name: %s, litellm_params: {model: openai/%s, api_base: %q, api_key: %s}}\n", model,
			model, u.url+"/v1", upstreamKey)
	}
	path := filepath.Join(t.TempDir(), "litellm.active.yaml")
	if err := os.WriteFile(path, []byte(config+"router_settings: {num_retries: 2, disable_cooldowns: "+
		"true}\ngeneral_settings: {master_key: "+routerKey+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := settings.Load(path, environment)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := router.New(loaded, router.Options{})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(handler)
	t.Cleanup(func() {
		srv.Close()
		if err := handler.Close(); err != nil {
			t.Error(err)
		}
	})
	return target{kind: embedded, url: srv.URL, key: routerKey, upstream: u}
}

// deepReplies are the replies of the model deep, by route: thinking, a text, two calls.
var deepReplies = map[string]string{
	"/v1/chat/completions": `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"deep","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","reasoning_content":"let me see","content":"I look",` +
		`"tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{\"at\":\"a \\\"b\\\" é\"}"}},{"id":"c2","type":"function","function":{"name":"now","arguments":"{}"}}]}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`,
	"/v1/messages": `{"id":"msg_1","type":"message","role":"assistant","model":"deep","content":[{"type":"thinking","thinking":"let me see","signature":"sig=="},{"type":"text","text":"I look"},` +
		`{"type":"tool_use","id":"c1","name":"look","input":{"at":"a \"b\" é"}},{"type":"tool_use","id":"c2","name":"now","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":10,"output_tokens":5}}`,
	"/v1/responses": `{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"deep","output":[{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"let me see"}],"encrypted_content":"enc=="},` +
		`{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"I look","annotations":[]}]},` +
		`{"id":"fc_1","type":"function_call","call_id":"c1","name":"look","arguments":"{\"at\":\"a \\\"b\\\" é\"}","status":"completed"},{"id":"fc_2","type":"function_call","call_id":"c2","name":"now","arguments":"{}","status":"completed"}],"usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15}}`,
}

// deepBack is what tells, in each dialect, that the model's opaque field came back to it.
var deepBack = map[string]string{"/v1/messages": `"signature":"sig=="`, "/v1/responses": `"encrypted_content":"enc=="`}

// serveDeep answers as the model deep: at first with thinking, a text and two calls;
// with the results of the calls and an image, with what it got of them.
func serveDeep(w http.ResponseWriter, r *http.Request, body []byte) {
	text := string(body)
	if !strings.Contains(text, "c1") {
		fmt.Fprint(w, deepReplies[r.URL.Path]) // JSON: where a stream was asked for, the router makes one
		return
	}
	var lacks []string
	for _, want := range []string{"seen it", "noon", "iVBORw0KGgo=", "image/png", "I look", deepBack[r.URL.Path]} {
		if !strings.Contains(text, want) {
			lacks = append(lacks, want)
		}
	}
	answer := fmt.Sprintf("lacks %q", lacks)
	if len(lacks) > 0 {
		answer += " in " + text
	}
	quoted, _ := json.Marshal(answer) // a string always marshals
	fmt.Fprintf(w, map[string]string{
		"/v1/chat/completions": `{"id":"chatcmpl-2","object":"chat.completion","created":1,"model":"deep","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":%s}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`,
		"/v1/messages":         `{"id":"msg_2","type":"message","role":"assistant","model":"deep","content":[{"type":"text","text":%s}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":5}}`,
		"/v1/responses":        `{"id":"resp_2","object":"response","created_at":1,"status":"completed","model":"deep","output":[{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":%s,"annotations":[]}]}],"usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15}}`,
	}[r.URL.Path], quoted)
}

const (
	deepArguments = `{"at":"a \"b\" é"}`
	gotAll        = "lacks []"
)

// deepMessages holds a conversation with thinking, two tools at once and an image.
func deepMessages(t *testing.T, tg target) {
	client := tg.anthropic()
	params := messageRequest("deep", "go")
	params.MaxTokens, params.Thinking = 4096, anthropic.ThinkingConfigParamOfEnabled(1024)
	for _, name := range []string{"look", "now"} {
		params.Tools = append(params.Tools,
			anthropic.ToolUnionParamOfTool(anthropic.ToolInputSchemaParam{Properties: map[string]any{}}, name))
	}
	streamed, err := accumulateMessage(t, tg, params)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := client.Messages.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]*anthropic.Message{"streamed": &streamed, "whole": whole} {
		if len(got.Content) != 4 || got.StopReason != "tool_use" || got.Usage.OutputTokens != 5 {
			t.Fatalf("%s: %+v", name, got)
		}
		if c := got.Content[0]; c.Type != "thinking" || c.Thinking != "let me see" || c.Signature == "" {
			t.Errorf("%s: thinking %+v", name, c)
		}
		if got.Content[1].Text != "I look" || string(got.Content[2].Input) != deepArguments || got.Content[3].Name != "now" ||
			got.Content[3].ID != "c2" {
			t.Errorf("%s: %+v", name, got.Content)
		}
		next := params
		next.Messages = append([]anthropic.MessageParam{params.Messages[0], got.ToParam()}, anthropic.NewUserMessage(
			anthropic.NewToolResultBlock("c1", "seen it", false), anthropic.NewToolResultBlock("c2", "noon", false),
			anthropic.NewImageBlockBase64("image/png", "iVBORw0KGgo="), anthropic.NewTextBlock("and now?")))
		last, err := client.Messages.New(t.Context(), next)
		if err != nil || len(last.Content) != 1 || last.Content[0].Text != gotAll {
			t.Errorf("%s: %v, %+v", name, err, last)
		}
	}
}

// deepChat is deepMessages in chat completions, whose opaque fields no client sends back.
func deepChat(t *testing.T, tg target) {
	client, params := tg.openAI(), chatRequest("deep", "go")
	for _, name := range []string{"look", "now"} {
		params.Tools = append(params.Tools, openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{Name: name,
			Parameters: openai.FunctionParameters{"type": "object"}}))
	}
	acc, finish, err := accumulate(t, tg, params)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := client.Chat.Completions.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	if finish != "tool_calls" || gjson.Get(whole.RawJSON(),
		"choices.0.message.reasoning_content").String() != "let me see" {
		t.Errorf("finish reason %q, %s", finish, whole.RawJSON())
	}
	for name, got := range map[string]openai.ChatCompletionMessage{"streamed": acc.Choices[0].Message,
		"whole": whole.Choices[0].Message} {
		calls := got.ToolCalls
		if got.Content != "I look" || len(calls) != 2 || calls[0].Function.Arguments != deepArguments ||
			calls[1].Function.Name != "now" || calls[1].ID != "c2" {
			t.Fatalf("%s: %+v", name, got)
		}
		next := params
		next.Messages = append([]openai.ChatCompletionMessageParamUnion{params.Messages[0], got.ToParam()},
			openai.ToolMessage("seen it", "c1"), openai.ToolMessage("noon", "c2"),
			openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
				openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: "data:image/png;base64,iVBORw0KGgo="}), openai.TextContentPart("and now?")}))
		last, err := client.Chat.Completions.New(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		if text := last.Choices[0].Message.Content; text != gotAll && !strings.HasPrefix(text, `lacks ["\"signature`) &&
			!strings.HasPrefix(text, `lacks ["\"encrypted`) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// deepResponses is deepMessages in the Responses API, with Codex's way to keep nothing at the provider.
func deepResponses(t *testing.T, tg target) {
	client, params := tg.openAI(), answerTo("go")
	params.Model, params.Store = "deep", openai.Bool(false)
	params.Include = []responses.ResponseIncludable{"reasoning.encrypted_content"}
	for _, name := range []string{"look", "now"} {
		params.Tools = append(params.Tools, responses.ToolParamOfFunction(name, map[string]any{"type": "object"}, false))
	}
	stream := client.Responses.NewStreaming(t.Context(), params)
	defer stream.Close()
	var streamed *responses.Response
	for stream.Next() {
		if e := stream.Current(); e.Type == "response.completed" {
			streamed = &e.Response
		}
	}
	if stream.Err() != nil || streamed == nil {
		t.Fatal(stream.Err())
	}
	whole, err := client.Responses.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]*responses.Response{"streamed": streamed, "whole": whole} {
		if len(got.Output) != 4 || got.Output[0].Type != "reasoning" || got.Output[0].Summary[0].Text != "let me see" ||
			got.OutputText() != "I look" ||
			got.Output[2].Arguments.OfString != deepArguments || got.Output[3].Name != "now" || got.Output[3].CallID != "c2" {
			t.Fatalf("%s: %s", name, got.RawJSON())
		}
		items := []json.RawMessage{json.RawMessage(`{"role":"user","content":"go"}`)}
		for _, item := range got.Output {
			items = append(items, json.RawMessage(item.RawJSON()))
		}
		items = append(items, json.RawMessage(`{"type":"function_call_output","call_id":"c1","output":"seen it"}`),
			json.RawMessage(`{"type":"function_call_output","call_id":"c2","output":"noon"}`),
			json.RawMessage(`{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo="},{"type":"input_text","text":"and now?"}]}`))
		text, err := json.Marshal(items)
		if err != nil {
			t.Fatal(err)
		}
		next := params
		next.Input = param.Override[responses.ResponseNewParamsInputUnion](json.RawMessage(text))
		last, err := client.Responses.New(t.Context(), next)
		if err != nil || last.OutputText() != gotAll {
			t.Errorf("%s: %v, %+v", name, err, last.OutputText())
		}
	}
}
