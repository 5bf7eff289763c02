package translate_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

func TestMessagesRequestsBecomeResponsesRequests(t *testing.T) {
	t.Parallel()
	const rest = `"store":false,"include":["reasoning.encrypted_content"]`
	checkRequests(t, translate.Messages, translate.Responses, []requestCase{
		{name: "a conversation",
			body: `{"model":"m","max_tokens":20,"system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"messages":[{"role":"user","content":"go"},
				{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"~flowgate:responses:rs_1:enc=="},{"type":"thinking","thinking":"foreign","signature":"x"},{"type":"text","text":"I look"},{"type":"tool_use","id":"t1","name":"Read","input":{"p":"\"a\""}}]},
				{"role":"user","content":[{"type":"text","text":"and"},{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":"gone"}]}],"stream":true}`,
			want: `{"model":"m","instructions":"a\n\nb","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"go"}]},
				{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"enc=="},
				{"type":"message","role":"assistant","content":[{"type":"output_text","text":"I look"}]},{"type":"function_call","call_id":"t1","name":"Read","arguments":"{\"p\":\"\\\"a\\\"\"}"},
				{"type":"function_call_output","call_id":"t1","output":"Error: gone"},{"type":"message","role":"user","content":[{"type":"input_text","text":"and"}]}],"max_output_tokens":20,"stream":true,` + rest + `}`,
			dropped: []string{"messages.content.thinking"}},
		{name: "an image in a result, a document, a system message within",
			body: `{"model":"m","max_tokens":20,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAA="}}]},
				{"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JV"}},{"type":"document","source":{"type":"url","url":"https://a/b.pdf"}}]},{"role":"system","content":"s"}]}`,
			want: `{"model":"m","input":[{"type":"function_call_output","call_id":"t1","output":[{"type":"input_text","text":"x"},{"type":"input_image","image_url":"data:image/png;base64,AAA="}]},
				{"type":"message","role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JV"},{"type":"input_file","file_url":"https://a/b.pdf"}]},
				{"type":"message","role":"developer","content":[{"type":"input_text","text":"s"}]}],"max_output_tokens":20,` +
				rest + `}`},
		{name: "tools, a choice, an effort, a format",
			body: `{"model":"m","max_tokens":9000,"messages":[],"tools":[{"name":"Read","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"tool","name":"Read","disable_parallel_tool_use":true},
				"thinking":{"type":"enabled","budget_tokens":30000},"output_config":{"format":{"type":"json_schema","schema":{}}},"top_k":4,"stop_sequences":["x"],"temperature":1}`,
			want: `{"model":"m","input":[],"max_output_tokens":9000,"temperature":1,"tools":[{"type":"function","name":"Read","parameters":{"type":"object","properties":{}},"strict":false}],"tool_choice":{"type":"function","name":"Read"},
				"parallel_tool_calls":false,"reasoning":{"effort":"high"},"text":{"format":{"type":"json_schema","name":"reply","schema":{},"strict":true}},` + rest + `}`,
			dropped: []string{"top_k", "stop_sequences"}},
	})
}

func TestChatRequestsBecomeResponsesRequests(t *testing.T) {
	t.Parallel()
	const include = `"include":["reasoning.encrypted_content"]`
	checkRequests(t, translate.Chat, translate.Responses, []requestCase{
		{name: "what both OpenAI dialects know",
			body: `{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"https://a/b.png","detail":"low"}}]},{"role":"assistant","content":"b","refusal":"no"}],
				"max_tokens":5,"temperature":0.1,"user":"u","store":true,"metadata":{"a":"b"},"service_tier":"flex","prompt_cache_key":"k","safety_identifier":"i","top_logprobs":2,"verbosity":"low","reasoning_effort":"low","seed":1,"stop":["x"],
				"tools":[{"type":"custom","custom":{"name":"patch","description":"d","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"x"}}}}],"tool_choice":{"type":"custom","custom":{"name":"patch"}}}`,
			want: `{"model":"m","instructions":"s","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"https://a/b.png","detail":"low"}]},
				{"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"},{"type":"refusal","refusal":"no"}]}],"max_output_tokens":16,"temperature":0.1,"user":"u","store":true,"metadata":{"a":"b"},"service_tier":"flex",
				"prompt_cache_key":"k","safety_identifier":"i","top_logprobs":2,"text":{"verbosity":"low"},"reasoning":{"effort":"low"},
				"tools":[{"type":"custom","name":"patch","description":"d","format":{"type":"grammar","syntax":"lark","definition":"x"}}],"tool_choice":{"type":"custom","name":"patch"},` + include + `}`,
			dropped: []string{"stop", "seed"}},
		{name: "a custom tool's history and a format",
			body: `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{"name":"patch","input":"x"}},{"id":"d","type":"function","function":{"name":"Now","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"ok"},{"role":"tool","tool_call_id":"d","content":"noon"}],
				"response_format":{"type":"json_object"}}`,
			want: `{"model":"m","input":[{"type":"custom_tool_call","call_id":"c","name":"patch","input":"x"},{"type":"function_call","call_id":"d","name":"Now","arguments":"{}"},{"type":"custom_tool_call_output","call_id":"c","output":"ok"},
				{"type":"function_call_output","call_id":"d","output":"noon"}],"text":{"format":{"type":"json_object"}},"store":false,` + include + `}`},
	})
}
