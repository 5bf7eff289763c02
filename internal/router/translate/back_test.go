package translate_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

// sharedRequest says what all dialects have, in the form in which the package
// writes it.
var sharedRequest = map[translate.Dialect]string{
	translate.Chat: `{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a \"q\" \u00e9"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAA="}},
		{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JV"}}]},
		{"role":"assistant","content":"b","tool_calls":[{"id":"c1","type":"function","function":{"name":"Read","arguments":"{\"path\":\"a\\\"b\\n\"}"}},{"id":"c2","type":"function","function":{"name":"Now","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"c1","content":"r"},{"role":"tool","tool_call_id":"c2","content":"noon"},{"role":"user","content":"go"},{"role":"assistant","content":"so"}],
		"max_tokens":4000,"temperature":0.5,"top_p":0.9,"stream":true,"stream_options":{"include_usage":true},"tools":[{"type":"function","function":{"name":"Read","description":"d","parameters":{"type":"object","properties":{"path":{"type":"string"}}}}}],
		"tool_choice":"auto","parallel_tool_calls":false}`,
	translate.Messages: `{"model":"m","max_tokens":4000,"system":"s","messages":[{"role":"user","content":[{"type":"text","text":"a \"q\" \u00e9"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAA="}},
		{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JV"},"title":"a.pdf"}]},
		{"role":"assistant","content":[{"type":"text","text":"b"},{"type":"tool_use","id":"c1","name":"Read","input":{"path":"a\"b\n"}},{"type":"tool_use","id":"c2","name":"Now","input":{}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"r"},{"type":"tool_result","tool_use_id":"c2","content":"noon"},{"type":"text","text":"go"}]},{"role":"assistant","content":[{"type":"text","text":"so"}]}],
		"temperature":0.5,"top_p":0.9,"stream":true,"tools":[{"name":"Read","description":"d","input_schema":{"type":"object","properties":{"path":{"type":"string"}}}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}`,
	translate.Responses: `{"model":"m","instructions":"s","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"a \"q\" \u00e9"},{"type":"input_image","image_url":"data:image/png;base64,AAA="},
		{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JV"}]},
		{"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]},{"type":"function_call","call_id":"c1","name":"Read","arguments":"{\"path\":\"a\\\"b\\n\"}"},{"type":"function_call","call_id":"c2","name":"Now","arguments":"{}"},
		{"type":"function_call_output","call_id":"c1","output":"r"},{"type":"function_call_output","call_id":"c2","output":"noon"},{"type":"message","role":"user","content":[{"type":"input_text","text":"go"}]},
		{"type":"message","role":"assistant","content":[{"type":"output_text","text":"so"}]}],
		"max_output_tokens":4000,"temperature":0.5,"top_p":0.9,"store":false,"include":["reasoning.encrypted_content"],"stream":true,"tools":[{"type":"function","name":"Read","description":"d","parameters":{"type":"object","properties":{"path":{"type":"string"}}},"strict":false}],
		"tool_choice":"auto","parallel_tool_calls":false}`,
}

func TestThereAndBackIsTheSameRequest(t *testing.T) {
	t.Parallel()
	for _, from := range dialects {
		for _, to := range dialects {
			if from == to {
				continue
			}
			t.Run(from.String()+" "+to.String(), func(t *testing.T) {
				t.Parallel()
				there, _ := mustRequest(t, from, to, sharedRequest[from], options)
				if got, want := canonical(t, there), canonical(t, []byte(sharedRequest[to])); got != want {
					t.Errorf("there it is\n%s\nwant\n%s", got, want)
				}
				back, _ := mustRequest(t, to, from, string(there), options)
				if got, want := canonical(t, back), canonical(t, []byte(sharedRequest[from])); got != want {
					t.Errorf("back it is\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}
