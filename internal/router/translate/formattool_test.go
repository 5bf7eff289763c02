package translate_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

const formatRequest = `{"model":"m","messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema","json_schema":{"name":"n",` +
	`"schema":{"type":"object","properties":{"a":{"type":"string"}}},"strict":true}}`

func noFormat(o *translate.Options) { o.NoFormat = true }

func TestAFormThatTheModelLacksIsAForcedTool(t *testing.T) {
	t.Parallel()
	checkRequests(t, translate.Chat, translate.Messages, []requestCase{
		{name: "a form alone", options: noFormat, body: formatRequest + `}`,
			want: `{"model":"m","max_tokens":8192,"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}],"tools":[{"name":"structured_reply",
				"description":"Gives the final answer. Call it exactly once, with the whole answer as its arguments.","input_schema":{"type":"object","properties":{"a":{"type":"string"}}}}],
				"tool_choice":{"type":"tool","name":"structured_reply"}}`},
		{name: "a form beside tools", options: noFormat,
			body: formatRequest + `,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"auto"}`,
			want: `{"model":"m","max_tokens":8192,"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}],"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}},
				{"name":"structured_reply","description":"Gives the final answer. Call it exactly once, with the whole answer as its arguments.","input_schema":{"type":"object","properties":{"a":{"type":"string"}}}}],
				"tool_choice":{"type":"any"}}`},
		{name: "a form that is no object", options: noFormat,
			body:    strings.Replace(formatRequest, `"type":"object"`, `"type":"array"`, 1) + `}`,
			want:    `{"model":"m","max_tokens":8192,"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}]}`,
			dropped: []string{"response_format"}},
	})
}

// TestAForcedToolsArgumentsAreTheReply has the model call the tool, in each dialect.
func TestAForcedToolsArgumentsAreTheReply(t *testing.T) {
	t.Parallel()
	opts := options
	opts.NoFormat = true
	for to, upstream := range map[translate.Dialect]struct{ reply, stream string }{
		translate.Messages: {`{"type":"message","content":[{"type":"tool_use","id":"t","name":"structured_reply","input":{"a":"é \"q\""}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}`,
			"data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1}}}\n\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"structured_reply\",\"input\":{}}}\n\n" +
				`data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}` + "\n\n" + `data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"é \\\"q\\\"\"}"}}` + "\n\n" +
				"data: {\"type\":\"content_block_stop\",\"index\":0}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":1}}\n\ndata: {\"type\":\"message_stop\"}\n\n"},
		translate.Responses: {`{"object":"response","status":"completed","output":[{"type":"function_call","call_id":"c","name":"structured_reply","arguments":"{\"a\":\"é \\\"q\\\"\"}"}],"usage":{"input_tokens":1,"output_tokens":1}}`, ""},
	} {
		_, call := mustRequest(t, translate.Chat, to, formatRequest+`,"stream_options":{"include_usage":true}}`, opts)
		out, err := call.Reply([]byte(upstream.reply))
		if err != nil || !strings.Contains(string(out), `"content":"{\"a\":\"é \\\"q\\\"\"}"`) ||
			!strings.Contains(string(out), `"finish_reason":"stop"`) || strings.Contains(string(out), "tool_calls") {
			t.Errorf("%v: %v, %s", to, err, out)
		}
		if upstream.stream == "" {
			continue
		}
		streamed, failure := translatetest.Stream(call, upstream.stream, 1<<20)
		if failure != "" || !strings.Contains(string(streamed), `{"content":"{\"a\":"}`) ||
			!strings.Contains(string(streamed), `{"content":"\"é \\\"q\\\"\"}"}`) || !strings.Contains(string(streamed), `"finish_reason":"stop"`) {
			t.Errorf("%v: %s, %s", to, failure, streamed)
		}
	}
}
