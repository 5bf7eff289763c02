package translate_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

func TestChatRequestsBecomeMessagesRequests(t *testing.T) {
	t.Parallel()
	checkRequests(t, translate.Chat, translate.Messages, []requestCase{
		{name: "a text without a limit", body: `{"model":"m","messages":[{"role":"user","content":"hi"}]}`,
			want: `{"model":"m","max_tokens":8192,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}`},
		{name: "the model's limit", options: func(o *translate.Options) { o.MaxTokens = 64000 },
			body: `{"model":"m","messages":[{"role":"user","content":"hi"}]}`,
			want: `{"model":"m","max_tokens":64000,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}`},
		{name: "system messages at the start and within, and roles in a row",
			body: `{"model":"m","max_tokens":9,"max_completion_tokens":7,"messages":[{"role":"system","content":"a"},{"role":"developer","content":"b"},{"role":"user","content":"c","name":"Ann"},{"role":"system","content":"d"},{"role":"user","content":""},
				{"role":"assistant","content":"e"},{"role":"assistant","content":[{"type":"text","text":"f"}]}]}`,
			want: `{"model":"m","max_tokens":7,"system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"messages":[{"role":"user","content":[{"type":"text","text":"c"},{"type":"text","text":"d"}]},
				{"role":"assistant","content":[{"type":"text","text":"e"},{"type":"text","text":"f"}]}]}`,
			dropped: []string{"messages.name"}},
		{name: "calls and their results",
			body: `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"go"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"Read","arguments":"{\"path\":\"a\\\"b\\u00e9\"}"}},{"id":"c2","type":"function","function":{"name":"Now","arguments":""}}]},
				{"role":"tool","tool_call_id":"c1","content":"x"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"y"},{"type":"text","text":"z"}]},{"role":"user","content":"so"}]}`,
			want: `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"go"}]},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"Read","input":{"path":"a\"b\u00e9"}},{"type":"tool_use","id":"c2","name":"Now","input":{}}]},
				{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"x"},{"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"y"},{"type":"text","text":"z"}]},{"type":"text","text":"so"}]}]}`},
		{name: "images and files",
			body: `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image\/png;base64,AAA=","detail":"high"}},{"type":"image_url","image_url":{"url":"https://a/b.png"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JV"}}]}]}`,
			want: `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAA="}},{"type":"image","source":{"type":"url","url":"https://a/b.png"}},
				{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JV"},"title":"a.pdf"}]}]}`,
			dropped: []string{"messages.content.image_url.detail"}},
		{name: "tools and a choice",
			body: `{"model":"m","max_tokens":9,"messages":[],"tools":[{"type":"function","function":{"name":"Read","description":"d","parameters":{"type":"object","properties":{"p":{}}},"strict":true}},{"type":"function","function":{"name":"Now"}}],
				"tool_choice":"required","parallel_tool_calls":false}`,
			want: `{"model":"m","max_tokens":9,"messages":[],"tools":[{"name":"Read","description":"d","input_schema":{"type":"object","properties":{"p":{}}}},{"name":"Now","input_schema":{"type":"object","properties":{}}}],
				"tool_choice":{"type":"any","disable_parallel_tool_use":true}}`,
			dropped: []string{"tools.strict"}},
		{name: "Mistral's thinking of an earlier turn",
			body:    `{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"so"}]}]}`,
			want:    `{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"text","text":"so"}]}]}`,
			dropped: []string{"messages.content.thinking"}},
		{name: "thinking alone, beside a call and in a turn of its own",
			body: `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}],"tool_calls":[{"id":"c","type":"function","function":{"name":"Read","arguments":"{}"}}]},
				{"role":"tool","tool_call_id":"c","content":"r"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","closed":true}]},{"role":"user","content":"go on"}]}`,
			want: `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"q"}]},{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"Read","input":{}}]},
				{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"r"},{"type":"text","text":"go on"}]}]}`,
			dropped: []string{"messages.content.thinking", "messages.content.closed"}},
		{name: "a forced tool, and calls one by one",
			body: `{"model":"m","max_tokens":9,"messages":[],"tools":[{"type":"function","function":{"name":"Read"}}],"tool_choice":{"type":"function","function":{"name":"Read"}}}`,
			want: `{"model":"m","max_tokens":9,"messages":[],"tools":[{"name":"Read","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"tool","name":"Read"}}`},
		{name: "no parallel calls without a choice",
			body: `{"model":"m","max_tokens":9,"messages":[],"tools":[{"type":"function","function":{"name":"Read"}}],"parallel_tool_calls":false}`,
			want: `{"model":"m","max_tokens":9,"messages":[],"tools":[{"name":"Read","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}`},
		{name: "a custom tool",
			body: `{"model":"m","max_tokens":9,"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{"name":"patch","input":"a\n\"b\""}}]}],"tools":[{"type":"custom","custom":{"name":"patch"}}]}`,
			want: `{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"patch","input":{"input":"a\n\"b\""}}]}],
				"tools":[{"name":"patch","input_schema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}}]}`},
		{name: "parameters",
			body:    `{"model":"m","max_tokens":9,"messages":[],"temperature":0.5,"top_p":1,"stop":"x","seed":5,"n":1,"presence_penalty":0.1,"logit_bias":{},"logprobs":false,"user":"u","store":true,"stream":true,"stream_options":{"include_usage":true},"metadata":null,"extra_body":{}}`,
			want:    `{"model":"m","max_tokens":9,"messages":[],"temperature":0.5,"top_p":1,"stop_sequences":["x"],"stream":true}`,
			dropped: []string{"extra_body", "seed", "presence_penalty", "logit_bias", "user", "store"}},
		{name: "an effort as a budget below the limit",
			body:    `{"model":"m","max_tokens":8000,"messages":[],"reasoning_effort":"high","temperature":0.5}`,
			want:    `{"model":"m","max_tokens":8000,"messages":[],"thinking":{"type":"enabled","budget_tokens":4000}}`,
			dropped: []string{"temperature"}},
		{name: "an effort that has no room",
			body: `{"model":"m","max_tokens":1024,"messages":[],"reasoning_effort":"low"}`,
			want: `{"model":"m","max_tokens":1024,"messages":[]}`, dropped: []string{"reasoning_effort"}},
		{name: "an effort in the middle of a tool's use",
			body:    `{"model":"m","max_tokens":8000,"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"n","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"x"}],"reasoning_effort":"low"}`,
			want:    `{"model":"m","max_tokens":8000,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"n","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"x"}]}]}`,
			dropped: []string{"reasoning_effort"}},
		{name: "an effort and a format where the model thinks by itself",
			options: func(o *translate.Options) { o.Adaptive = true },
			body:    `{"model":"m","max_tokens":8000,"messages":[],"reasoning_effort":"minimal","response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}`,
			want:    `{"model":"m","max_tokens":8000,"messages":[],"thinking":{"type":"adaptive"},"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}}}`},
		{name: "any JSON", body: `{"model":"m","max_tokens":8000,"messages":[],"response_format":{"type":"json_object"}}`,
			want: `{"model":"m","max_tokens":8000,"messages":[]}`, dropped: []string{"response_format"}},
	})
	checkRefused(t, translate.Chat, translate.Messages, []refusedCase{
		{name: "a sound", body: `{"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]}`, member: "messages.content.input_audio"},
		{name: "arguments that are not an object",
			body: `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"n","arguments":"{"}}]}]}`, member: "arguments"},
		{name: "a file of the provider",
			body:   `{"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}]}`,
			member: "messages.content.file.file_id"},
		{name: "an unknown role", body: `{"model":"m","messages":[{"role":"robot","content":"x"}]}`, member: "messages.role"},
	})
}

func TestResponsesRequestsBecomeMessagesRequests(t *testing.T) {
	t.Parallel()
	checkRequests(t, translate.Responses, translate.Messages, []requestCase{
		{name: "what Codex sends",
			body: `{"model":"m","instructions":"i","input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"rules"}]},{"type":"message","role":"user","content":[{"type":"input_text","text":"go"}]},
				{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"~flowgate:messages:sig=="},{"type":"reasoning","summary":[],"encrypted_content":"~flowgate:redacted:dada"},
				{"type":"reasoning","summary":[{"type":"summary_text","text":"foreign"}],"encrypted_content":"gAAAA"},
				{"type":"custom_tool_call","call_id":"c1","name":"apply_patch","input":"*** a"},{"type":"custom_tool_call_output","call_id":"c1","output":"ok"}],
				"tools":[{"type":"custom","name":"apply_patch","description":"d"}],"reasoning":{"effort":"medium"},"max_output_tokens":20000}`,
			want: `{"model":"m","max_tokens":20000,"system":[{"type":"text","text":"i"},{"type":"text","text":"rules"}],"messages":[{"role":"user","content":[{"type":"text","text":"go"}]},
				{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig=="},{"type":"redacted_thinking","data":"dada"},{"type":"tool_use","id":"c1","name":"apply_patch","input":{"input":"*** a"}}]},
				{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"ok"}]}],
				"tools":[{"name":"apply_patch","description":"d","input_schema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}}],
				"thinking":{"type":"enabled","budget_tokens":8192}}`,
			dropped: []string{"input.reasoning"}},
	})
	checkRefused(t, translate.Responses, translate.Messages, []refusedCase{
		{name: "a former response", body: `{"model":"m","input":"hi","previous_response_id":"resp_1"}`,
			member: "previous_response_id"},
	})
}
