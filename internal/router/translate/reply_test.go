package translate_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

// upstreamReply is the same answer of an upstream of each dialect.
var upstreamReply = map[translate.Dialect]string{
	translate.Chat: translatetest.ChatReply(`{"role":"assistant","reasoning_content":"hm","content":"so","tool_calls":[{"id":"c1","type":"function","function":{"name":"Read","arguments":"{\"path\":\"a\"}"}}]}`, "tool_calls"),
	translate.Messages: `{"id":"msg_9","type":"message","role":"assistant","model":"up","content":[{"type":"thinking","thinking":"hm","signature":"sig=="},{"type":"text","text":"so"},
		{"type":"tool_use","id":"c1","name":"Read","input":{"path":"a"}}],"stop_reason":"tool_use","usage":{"input_tokens":30,"cache_read_input_tokens":60,"cache_creation_input_tokens":10,"output_tokens":7}}`,
	translate.Responses: `{"id":"resp_9","object":"response","created_at":1700000001,"status":"completed","model":"up","output":[{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"enc=="},
		{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"output_text","text":"so"}]},{"id":"fc_1","type":"function_call","call_id":"c1","name":"Read","arguments":"{\"path\":\"a\"}"}],
		"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":60},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":107}}`,
}

func TestRepliesComeInTheClientsDialect(t *testing.T) {
	t.Parallel()
	const (
		call     = `{"type":"tool_use","id":"c1","name":"Read","input":{"path":"a"}}`
		chatCall = `"tool_calls":[{"id":"c1","type":"function","function":{"name":"Read","arguments":"{\"path\":\"a\"}"}}]`
		items    = `{"id":"msg_1_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"so","annotations":[],"logprobs":[]}]},
			{"id":"fc_1_2","type":"function_call","status":"completed","call_id":"c1","name":"Read","arguments":"{\"path\":\"a\"}"}`
		rest = `"instructions":null,"max_output_tokens":null,"max_tool_calls":null,"parallel_tool_calls":true,"reasoning":{"effort":null,"summary":null},"temperature":1,"text":{"format":{"type":"text"}},
			"tool_choice":"auto","tools":[],"top_p":1,"top_logprobs":0,"presence_penalty":0,"frequency_penalty":0,"truncation":"disabled","user":null,"safety_identifier":null,"prompt_cache_key":null,"metadata":{},
			"previous_response_id":null,"store":false,"background":false,"service_tier":"default"`
	)
	for _, c := range []struct {
		from, to translate.Dialect
		want     string
	}{
		{translate.Messages, translate.Chat,
			`{"id":"msg_1","type":"message","role":"assistant","model":"alias","content":[{"type":"thinking","thinking":"hm","signature":"~flowgate:chat"},{"type":"text","text":"so"},` + call + `],
			"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":40,"cache_creation_input_tokens":0,"cache_read_input_tokens":60,"output_tokens":7}}`},
		{translate.Messages, translate.Responses,
			`{"id":"msg_1","type":"message","role":"assistant","model":"alias","content":[{"type":"thinking","thinking":"hm","signature":"~flowgate:responses:rs_1:enc=="},{"type":"text","text":"so"},` + call + `],
			"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":40,"cache_creation_input_tokens":0,"cache_read_input_tokens":60,"output_tokens":7}}`},
		{translate.Chat, translate.Messages,
			`{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"alias","choices":[{"index":0,"message":{"role":"assistant","content":"so","reasoning_content":"hm","refusal":null,` + chatCall + `},
			"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},"completion_tokens_details":{"reasoning_tokens":0}}}`},
		{translate.Chat, translate.Responses,
			`{"id":"chatcmpl-1","object":"chat.completion","created":1700000001,"model":"alias","choices":[{"index":0,"message":{"role":"assistant","content":"so","reasoning_content":"hm","refusal":null,` + chatCall + `},
			"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":0},"completion_tokens_details":{"reasoning_tokens":3}}}`},
		{translate.Responses, translate.Chat,
			`{"id":"resp_1","object":"response","created_at":1700000001,"status":"completed","model":"alias","error":null,"incomplete_details":null,
			"output":[{"id":"rs_1_0","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"~flowgate:chat"},` + items + `],` + rest + `,
			"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":60,"cache_write_tokens":0},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":107}}`},
		{translate.Responses, translate.Messages,
			`{"id":"resp_1","object":"response","created_at":1700000000,"status":"completed","model":"alias","error":null,"incomplete_details":null,
			"output":[{"id":"rs_1_0","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"~flowgate:messages:sig=="},` + items + `],` + rest + `,
			"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":107}}`},
	} {
		t.Run(c.from.String()+" over "+c.to.String(), func(t *testing.T) {
			t.Parallel()
			_, call := mustRequest(t, c.from, c.to, smallRequest[c.from], options)
			out, err := call.Reply([]byte(upstreamReply[c.to]))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := canonical(t, out), canonical(t, []byte(c.want)); got != want {
				t.Errorf("the client gets\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestToolsWithLongNamesAreToldApart(t *testing.T) {
	t.Parallel()
	prefix := strings.Repeat("x", 100)
	tools := `[{"name":"` + prefix + `a","input_schema":{}},{"name":"` + prefix +
		`b","input_schema":{}},{"name":"a.b","input_schema":{}},{"name":"a_b","input_schema":{}}]`
	body, call := mustRequest(t, translate.Messages, translate.Chat,
		`{"model":"m","max_tokens":9,"messages":[],"tools":`+tools+`}`, options)
	again, _ := mustRequest(t, translate.Messages, translate.Chat,
		`{"model":"m","max_tokens":9,"messages":[],"tools":`+tools+`}`, options)
	if string(body) != string(again) {
		t.Error("the names differ from call to call")
	}
	var calls []string
	seen := make(map[string]bool)
	for _, piece := range strings.Split(string(body), `"function":{"name":"`)[1:] {
		name, _, _ := strings.Cut(piece, `"`)
		if seen[name] || len(name) > 64 || strings.Contains(name, ".") {
			t.Errorf("the name %s", name)
		}
		seen[name] = true
		calls = append(calls, `{"type":"function","function":{"name":"`+name+`","arguments":"{}"}}`)
	}
	out, err := call.Reply([]byte(translatetest.ChatReply(`{"role":"assistant","tool_calls":[`+strings.Join(calls,
		",")+`]}`, "tool_calls")))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{prefix + "a", prefix + "b", "a.b", "a_b"} {
		if !strings.Contains(string(out), `"name":"`+name+`"`) {
			t.Errorf("no call of %s in\n%s", name, out)
		}
	}
	if strings.Count(string(out), `"id":"call_1_`) != 4 {
		t.Errorf("the calls have no ids of their own:\n%s", out)
	}
}

func TestAReplyThatEndsWithinACallSaysSo(t *testing.T) {
	t.Parallel()
	_, call := mustRequest(t, translate.Messages, translate.Chat, smallRequest[translate.Messages], options)
	out, err := call.Reply([]byte(translatetest.ChatReply(`{"role":"assistant","content":"x","tool_calls":[{"id":"c","function":{"name":"Read","arguments":"{\"pa"}}]}`, "length")))
	if err != nil || !strings.Contains(string(out), `"stop_reason":"max_tokens"`) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestGeminiGetsItsThoughtSignaturesBack(t *testing.T) {
	t.Parallel()
	upstream := translatetest.ChatReply(`{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"Now","arguments":"{}"},"extra_content":{"google":{"thought_signature":"AbC/+=="}}},
		{"id":"c2","type":"function","function":{"name":"Now","arguments":"{}"}}]}`, "tool_calls")
	_, call := mustRequest(t, translate.Messages, translate.Chat, smallRequest[translate.Messages], options)
	out, err := call.Reply([]byte(upstream))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(out), `"content":`)
	content, _, _ := strings.Cut(rest, `,"stop_reason"`)
	opts := options
	for _, opts.Thoughts = range []bool{true, false} {
		body, call := mustRequest(t, translate.Messages, translate.Chat,
			`{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":`+content+`}]}`, opts)
		want := `{"id":"c1","type":"function","function":{"name":"Now","arguments":"{}"},"extra_content":{"google":{"thought_signature":"AbC/+=="}}},{"id":"c2","type":"function","function":{"name":"Now","arguments":"{}"}}`
		if strings.Contains(string(body), want) != opts.Thoughts || (len(call.Dropped()) == 0) != opts.Thoughts {
			t.Errorf("%v: %s, dropped %q", opts.Thoughts, body, call.Dropped())
		}
	}
}
