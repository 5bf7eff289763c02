package translate_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

// ofClaude says that the upstream's model is one of Anthropic's.
func ofClaude(o *translate.Options) { o.Claude = true }

func TestChatRequestsBecomeConverseRequests(t *testing.T) {
	t.Parallel()
	checkRequests(t, translate.Chat, translate.Converse, []requestCase{
		{name: "a text without a limit", body: `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{}}`},
		{name: "the model's limit", options: func(o *translate.Options) { o.MaxTokens = 64000 },
			body: `{"model":"m","messages":[{"role":"user","content":"hi"}]}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":64000}}`},
		{name: "calls, their results, an image and parameters", options: ofClaude,
			body: `{"model":"m","messages":[{"role":"system","content":"be kind"},{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAA="}}]},
				{"role":"assistant","content":"I look","tool_calls":[{"id":"c1","function":{"name":"Read","arguments":"{\"path\":\"a\\\"b\"}"}},{"id":"c2","function":{"name":"Now","arguments":""}}]},
				{"role":"tool","tool_call_id":"c1","content":"text of a"},{"role":"tool","tool_call_id":"c2","content":""},{"role":"user","content":"and?"}],
				"tools":[{"type":"function","function":{"name":"Read","description":"reads","parameters":{"type":"object","properties":{"path":{"type":"string"}}}}},{"type":"function","function":{"name":"Now"}}],
				"tool_choice":"auto","parallel_tool_calls":false,"max_tokens":100,"temperature":0.5,"top_p":0.9,"stop":"END"}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"},{"image":{"format":"png","source":{"bytes":"AAA="}}}]},
				{"role":"assistant","content":[{"text":"I look"},{"toolUse":{"toolUseId":"c1","name":"Read","input":{"path":"a\"b"}}},{"toolUse":{"toolUseId":"c2","name":"Now","input":{}}}]},
				{"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"text":"text of a"}]}},{"toolResult":{"toolUseId":"c2","content":[{"text":" "}]}},{"text":"and?"}]}],
				"system":[{"text":"be kind"}],"inferenceConfig":{"maxTokens":100,"temperature":0.5,"topP":0.9,"stopSequences":["END"]},
				"toolConfig":{"tools":[{"toolSpec":{"name":"Read","description":"reads","inputSchema":{"json":{"type":"object","properties":{"path":{"type":"string"}}}}}},{"toolSpec":{"name":"Now","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"auto":{}}},
				"additionalModelRequestFields":{"tool_choice":{"disable_parallel_tool_use":true}}}`},
		{name: "an effort as a budget", options: ofClaude,
			body: `{"model":"m","messages":[{"role":"user","content":"hi"}],"reasoning_effort":"low","max_tokens":5000,"temperature":0.2}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":5000},
				"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}}}`, dropped: []string{"temperature"}},
		{name: "an effort as a budget without a limit", options: ofClaude,
			body: `{"model":"m","messages":[{"role":"user","content":"hi"}],"reasoning_effort":"low"}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":8192},
				"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}}}`},
		{name: "an effort of a model that decides itself", options: func(o *translate.Options) { o.Claude, o.Adaptive = true, true },
			body: `{"model":"m","messages":[{"role":"user","content":"hi"}],"reasoning_effort":"low","max_tokens":5000}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":5000},
				"additionalModelRequestFields":{"thinking":{"type":"adaptive"},"output_config":{"effort":"low"}}}`},
		{name: "an effort of a model that takes the word", options: func(o *translate.Options) { o.Effort = true },
			body: `{"model":"m","messages":[{"role":"user","content":"hi"}],"reasoning_effort":"low"}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{},"additionalModelRequestFields":{"reasoning_effort":"low"}}`},
		{name: "what other models do not have",
			body:    `{"model":"m","messages":[{"role":"user","content":"hi"}],"reasoning_effort":"low","parallel_tool_calls":false,"response_format":{"type":"json_object"},"seed":1}`,
			want:    `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{}}`,
			dropped: []string{"parallel_tool_calls", "response_format", "reasoning_effort", "seed"}},
		{name: "a schema of the reply",
			body: `{"model":"m","messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object",
				"properties":{"a":{"type":"string"}}}}}}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{},"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{
				"schema":"{\"type\":\"object\", \t\t\t\t\"properties\":{\"a\":{\"type\":\"string\"}}}","name":"x"}}}}}`},
		{name: "tools that must not be called",
			body: `{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"Now"}}],"tool_choice":"none"}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{}}`},
		{name: "calls of tools that are gone, and ids that Bedrock does not take",
			body: `{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","tool_calls":[{"id":"a|b","function":{"name":"Now","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a|b","content":"noon"}]}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"a_b_294c7dd6","name":"Now","input":{}}}]},
				{"role":"user","content":[{"toolResult":{"toolUseId":"a_b_294c7dd6","content":[{"text":"noon"}]}}]}],"inferenceConfig":{},
				"toolConfig":{"tools":[{"toolSpec":{"name":"Now","description":"It cannot be called any more.","inputSchema":{"json":{"type":"object","properties":{}}}}}]}}`},
		{name: "a forced tool",
			body: `{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"Now"}}],"tool_choice":{"type":"function","function":{"name":"Now"}}}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{},
				"toolConfig":{"tools":[{"toolSpec":{"name":"Now","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"tool":{"name":"Now"}}}}`},
		{name: "documents",
			body: `{"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a b.pdf","file_data":"data:application/pdf;base64,JV"}},{"type":"file","file":{"filename":"a b.pdf","file_data":"data:text/csv;base64,QQ=="}}]}]}`,
			want: `{"messages":[{"role":"user","content":[{"document":{"format":"pdf","name":"a-b-pdf","source":{"bytes":"JV"}}},{"document":{"format":"csv","name":"a-b-pdf-2","source":{"bytes":"QQ=="}}}]}],"inferenceConfig":{}}`},
	})
	checkRefused(t, translate.Chat, translate.Converse, []refusedCase{
		{name: "the address of an image", member: "image",
			body: `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b.png"}}]}]}`},
		{name: "a type of image that Bedrock lacks", member: "image",
			body: `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/tiff;base64,AAA="}}]}]}`},
	})
}

func TestMessagesRequestsBecomeConverseRequests(t *testing.T) {
	t.Parallel()
	checkRequests(t, translate.Messages, translate.Converse, []requestCase{
		{name: "thinking of Bedrock's and of others, and top_k", options: ofClaude,
			body: `{"model":"m","max_tokens":9,"top_k":5,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[
				{"type":"thinking","thinking":"hm","signature":"~flowgate:messages:c2ln"},{"type":"redacted_thinking","data":"~flowgate:redacted:aA=="},
				{"type":"thinking","thinking":"so","signature":"~flowgate:chat"},{"type":"text","text":"x"}]},{"role":"user","content":"go"}]}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2ln"}}},
				{"reasoningContent":{"redactedContent":"aA=="}},{"text":"x"}]},{"role":"user","content":[{"text":"go"}]}],
				"inferenceConfig":{"maxTokens":9},"additionalModelRequestFields":{"top_k":5}}`,
			dropped: []string{"messages.content.thinking"}},
		{name: "a failed tool of Claude's", options: ofClaude, body: failedTool,
			want: strings.NewReplacer("TEXT", "no clock", "STATUS", `,"status":"error"`).Replace(failedConverseTool)},
		{name: "a failed tool of another model", body: failedTool,
			want: strings.NewReplacer("TEXT", "Error: no clock", "STATUS", "").Replace(failedConverseTool)},
	})
}

// A result that says that its tool failed, and the same in Converse.
const (
	failedTool = `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"Now","input":{}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":"no clock"}]}],"tools":[{"name":"Now","input_schema":{"type":"object","properties":{}}}]}`
	failedConverseTool = `{"messages":[{"role":"user","content":[{"text":"hi"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"Now","input":{}}}]},
		{"role":"user","content":[{"toolResult":{"toolUseId":"t","content":[{"text":"TEXT"}]STATUS}}]}],"inferenceConfig":{"maxTokens":9},
		"toolConfig":{"tools":[{"toolSpec":{"name":"Now","inputSchema":{"json":{"type":"object","properties":{}}}}}]}}`
)

func TestTheUsageOfConverseIncludesCachedTokens(t *testing.T) {
	t.Parallel()
	_, call := mustRequest(t, translate.Chat, translate.Converse, smallRequest[translate.Chat], options)
	out, err := call.Reply([]byte(`{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn",
		"usage":{"inputTokens":40,"outputTokens":7,"totalTokens":117,"cacheReadInputTokens":60,"cacheWriteInputTokens":10}}`))
	if err != nil || !strings.Contains(string(out), `"prompt_tokens":110`) || !strings.Contains(string(out), `"cached_tokens":60`) {
		t.Errorf("%v, %s", err, out)
	}
}

func TestToolsThatWereCalledStayWhenNoneMayBe(t *testing.T) {
	t.Parallel()
	out, call := mustRequest(t, translate.Chat, translate.Converse, `{"messages":[{"role":"user","content":"hi"},
		{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"Now","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"noon"}],
		"tools":[{"type":"function","function":{"name":"Now"}}],"tool_choice":"none"}`, options)
	if !strings.Contains(string(out), `"toolConfig":{"tools":[{"toolSpec":{"name":"Now"`) || len(call.Dropped()) != 1 {
		t.Errorf("dropped %q of %s", call.Dropped(), out)
	}
}
