package translate_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

func TestResponsesRequestsBecomeChatRequests(t *testing.T) {
	t.Parallel()
	checkRequests(t, translate.Responses, translate.Chat, []requestCase{
		{name: "a text", body: `{"model":"m","input":"hi","max_output_tokens":16}`,
			want: `{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":16}`},
		{name: "instructions, a developer's message, and the user's",
			body: `{"model":"m","instructions":"be terse","input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"rules"}]},{"role":"user","content":"hi"}]}`,
			want: `{"model":"m","messages":[{"role":"system","content":"be terse\n\nrules"},{"role":"user","content":"hi"}]}`},
		{name: "what Codex sends",
			body: `{"model":"m","instructions":"i","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"go"}]},
				{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"content":null,"encrypted_content":"~flowgate:chat"},
				{"type":"function_call","id":"fc_1","name":"shell","arguments":"{\"command\":[\"ls\"]}","call_id":"c1","status":"completed"},
				{"type":"function_call","name":"now","arguments":"","call_id":"c2"},
				{"type":"function_call_output","call_id":"c1","output":"a\nb"},{"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"noon"}]},
				{"type":"message","role":"assistant","content":[{"type":"output_text","text":"so"}]}],
				"tools":[{"type":"function","name":"shell","description":"d","strict":false,"parameters":{"type":"object","properties":{"command":{"type":"array"}}}}],
				"tool_choice":"auto","parallel_tool_calls":true,"reasoning":{"effort":"medium","summary":"auto"},"store":false,"stream":true,"include":["reasoning.encrypted_content"],
				"prompt_cache_key":"k","text":{"verbosity":"low"},"client_metadata":{"x":"y"}}`,
			want: `{"model":"m","messages":[{"role":"system","content":"i"},{"role":"user","content":"go"},
				{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"shell","arguments":"{\"command\":[\"ls\"]}"}},{"id":"c2","type":"function","function":{"name":"now","arguments":"{}"}}]},
				{"role":"tool","tool_call_id":"c1","content":"a\nb"},{"role":"tool","tool_call_id":"c2","content":"noon"},{"role":"assistant","content":"so"}],
				"stream":true,"stream_options":{"include_usage":true},
				"tools":[{"type":"function","function":{"name":"shell","description":"d","parameters":{"type":"object","properties":{"command":{"type":"array"}}}}}],"tool_choice":"auto","parallel_tool_calls":true}`,
			dropped: []string{"reasoning.summary", "include", "client_metadata", "input.reasoning", "store", "prompt_cache_key",
				"text.verbosity", "reasoning.effort"}},
		{name: "reasoning that the upstream wants back, and an effort",
			options: func(o *translate.Options) { o.ReasoningBack, o.Effort = true, true },
			body: `{"model":"m","input":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"~flowgate:chat"},
				{"type":"function_call","name":"now","arguments":"{}","call_id":"c2"}],"reasoning":{"effort":"high"}}`,
			want: `{"model":"m","messages":[{"role":"assistant","reasoning_content":"hm","content":null,"tool_calls":[{"id":"c2","type":"function","function":{"name":"now","arguments":"{}"}}]}],"reasoning_effort":"high"}`},
		{name: "a custom tool and its history",
			body: `{"model":"m","input":[{"type":"custom_tool_call","call_id":"c1","name":"apply_patch","input":"*** \"a\"\n+b"},{"type":"custom_tool_call_output","call_id":"c1","output":"done"}],
				"tools":[{"type":"custom","name":"apply_patch","description":"patches","format":{"type":"grammar","syntax":"lark","definition":"start: x"}}],"tool_choice":{"type":"custom","name":"apply_patch"}}`,
			want: `{"model":"m","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"apply_patch","arguments":"{\"input\":\"*** \\\"a\\\"\\n+b\"}"}}]},
				{"role":"tool","tool_call_id":"c1","content":"done"}],
				"tools":[{"type":"function","function":{"name":"apply_patch","description":"patches\n\nThe input has to match this format: {\"type\":\"grammar\",\"syntax\":\"lark\",\"definition\":\"start: x\"}",
				"parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}}}],"tool_choice":{"type":"function","function":{"name":"apply_patch"}}}`},
		{name: "a namespace, and tools of the provider",
			body: `{"model":"m","input":[{"type":"function_call","call_id":"c1","namespace":"mcp__git","name":"log","arguments":"{}"}],"tools":[{"type":"namespace","name":"mcp__git","description":"d","tools":[{"type":"function","name":"log","parameters":{"type":"object","properties":{}}}]},
				{"type":"web_search"},{"type":"image_generation"},{"type":"local_shell"}]}`,
			want: `{"model":"m","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"mcp__git__log","arguments":"{}"}}]}],
				"tools":[{"type":"function","function":{"name":"mcp__git__log","parameters":{"type":"object","properties":{}}}}]}`,
			dropped: []string{"tools.namespace.description", "tools.web_search", "tools.image_generation", "tools.local_shell"}},
		{name: "images, files and a format",
			body: `{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AAA=","detail":"low"},{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JV"}]}],
				"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true}},"top_logprobs":2,"temperature":1}`,
			want: `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAA=","detail":"low"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JV"}}]}],
				"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}},"top_logprobs":2,"temperature":1}`},
		{name: "an item that only its provider understands",
			body:    `{"model":"m","input":[{"type":"web_search_call","id":"ws","status":"completed","action":{}},{"role":"user","content":"hi"}]}`,
			want:    `{"model":"m","messages":[{"role":"user","content":"hi"}]}`,
			dropped: []string{"input.action", "input.web_search_call"}},
	})
}

func TestResponsesRequestsThatChatCannotExpressAreRefused(t *testing.T) {
	t.Parallel()
	checkRefused(t, translate.Responses, translate.Chat, []refusedCase{
		{name: "a former response", body: `{"model":"m","input":"hi","previous_response_id":"resp_1"}`,
			member: "previous_response_id"},
		{name: "a conversation", body: `{"model":"m","input":"hi","conversation":{"id":"c"}}`, member: "conversation"},
		{name: "the background", body: `{"model":"m","input":"hi","background":true}`, member: "background"},
		{name: "a reference", body: `{"model":"m","input":[{"type":"item_reference","id":"x"}]}`,
			member: "input.item_reference"},
		{name: "a forced tool of the provider",
			body:   `{"model":"m","input":"hi","tools":[{"type":"web_search"}],"tool_choice":{"type":"web_search"}}`,
			member: "tool_choice"},
		{name: "a file of the provider",
			body:   `{"model":"m","input":[{"role":"user","content":[{"type":"input_file","file_id":"f"}]}]}`,
			member: "input.content.file_id"},
		{name: "a sound", body: `{"model":"m","input":[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]}`,
			member: "input.content.input_audio"},
		{name: "input of another kind", body: `{"model":"m","input":5}`, member: "input"},
	})
}

const codexTools = `{"model":"m","stream":true,"input":"hi","tools":[{"type":"custom","name":"apply_patch"},{"type":"namespace","name":"mcp__git","tools":[{"type":"function","name":"log"}]},{"type":"function","name":"` + longName + `"}]}`

const longName = "a.tool.whose.name.is.much.too.long.for.the.upstream.to.take.it.as.it.stands"

func TestCodexGetsItsOwnToolsBack(t *testing.T) {
	t.Parallel()
	body, _ := mustRequest(t, translate.Responses, translate.Chat, codexTools, options)
	_, rest, _ := strings.Cut(string(body), `"name":"a_tool`)
	short := "a_tool" + rest[:strings.IndexByte(rest, '"')]
	if len(short) > 64 {
		t.Fatalf("the name %s has %d characters", short, len(short))
	}
	upstream := translatetest.Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"apply_patch","arguments":"{\"inp"}}]}`,
		`"delta":{"tool_calls":[{"index":0,"function":{"arguments":"ut\":\"*** a\\"}}]}`,
		`"delta":{"tool_calls":[{"index":0,"function":{"arguments":"n\\u00"}}]}`,
		`"delta":{"tool_calls":[{"index":0,"function":{"arguments":"e9\\\"\"}"}}]}`,
		`"delta":{"tool_calls":[{"index":1,"id":"c2","function":{"name":"mcp__git__log","arguments":"{}"}}]}`,
		`"delta":{"tool_calls":[{"index":2,"id":"c3","function":{"name":"`+short+
			`","arguments":"{}"}}]},"finish_reason":"tool_calls"`) + translatetest.UsageChunk + translatetest.Done
	_, call := mustRequest(t, translate.Responses, translate.Chat, codexTools, options)
	out, failure := translatetest.Stream(call, upstream, 1<<20)
	if failure != "" {
		t.Fatal(failure)
	}
	events := eventData(t, out)
	final := events[len(events)-1]
	for _, want := range []string{
		`"type":"custom_tool_call","status":"completed","call_id":"c1","name":"apply_patch","input":"*** a\n\u00e9\""`,
		`"call_id":"c2","name":"log","namespace":"mcp__git","arguments":"{}"`,
		`"call_id":"c3","name":"` + longName + `"`,
	} {
		if !strings.Contains(final, want) {
			t.Errorf("the response has no %s:\n%s", want, final)
		}
	}
	for _, piece := range []string{`"response.custom_tool_call_input.delta","sequence_number":3,"item_id":"ctc_1_0","output_index":0,"delta":"*** a"`,
		`"delta":"\n"`, `"delta":"\u00e9\""`} {
		if !strings.Contains(string(out), piece) {
			t.Errorf("no piece %s in\n%s", piece, out)
		}
	}
}

func TestACustomToolThatIsCalledLikeNoFunctionKeepsItsText(t *testing.T) {
	t.Parallel()
	_, call := mustRequest(t, translate.Responses, translate.Chat, codexTools, options)
	out, err := call.Reply([]byte(translatetest.ChatReply(`{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"apply_patch","arguments":"*** a\n"}}]}`, "tool_calls")))
	if err != nil || !strings.Contains(string(out), `"input":"*** a\n"`) {
		t.Errorf("%v: %s", err, out)
	}
}
