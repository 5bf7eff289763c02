package translate_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

func TestStopReasonsOfConverse(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{"end_turn": "end_turn", "max_tokens": "max_tokens", "": "end_turn",
		"stop_sequence":        "end_turn", // Bedrock does not say which one
		"guardrail_intervened": "refusal", "content_filtered": "refusal"} {
		_, call := mustRequest(t, translate.Messages, translate.Converse, smallRequest[translate.Messages], options)
		out, err := call.Reply([]byte(`{"stopReason":"` + reason + `","output":{"message":{"content":[{"text":"hi"}]}},"usage":{"inputTokens":-1,"outputTokens":2}}`))
		if err != nil || !strings.Contains(string(out), `"stop_reason":"`+want+`","stop_sequence":null,"usage":{"input_tokens":0,`) {
			t.Errorf("%s: %v, %s", reason, err, out)
		}
	}
	for _, reason := range []string{"malformed_model_output", "malformed_tool_use"} {
		_, call := mustRequest(t, translate.Messages, translate.Converse, smallRequest[translate.Messages], options)
		if out, err := call.Reply([]byte(`{"stopReason":"` + reason + `","output":{"message":{"content":[{"text":"hi"}]}}}`)); err == nil {
			t.Errorf("%s: %s", reason, out)
		}
	}
}

// TestPiecesOfConverseBelongToTheirBlocks has two calls at once, whose pieces take turns.
func TestPiecesOfConverseBelongToTheirBlocks(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, event := range []string{`{"messageStart":{"role":"assistant"}}`,
		`{"contentBlockStart":{"contentBlockIndex":1,"start":{"toolUse":{"name":"Read","toolUseId":"c1"}}}}`,
		`{"contentBlockStart":{"contentBlockIndex":2,"start":{"toolUse":{"name":"Now","toolUseId":"c2"}}}}`,
		`{"contentBlockDelta":{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"a\":"}}}}`,
		`{"contentBlockDelta":{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"b\":"}}}}`,
		`{"contentBlockDelta":{"contentBlockIndex":1,"delta":{"toolUse":{"input":"1}"}}}}`,
		`{"contentBlockDelta":{"contentBlockIndex":2,"delta":{"toolUse":{"input":"2}"}}}}`,
		`{"contentBlockStop":{"contentBlockIndex":1}}`, `{"contentBlockStop":{"contentBlockIndex":2}}`,
		`{"messageStop":{"stopReason":"tool_use"}}`, `{"metadata":{"usage":{"inputTokens":1,"outputTokens":2}}}`} {
		b.WriteString("data: " + event + "\n\n")
	}
	_, call := mustRequest(t, translate.Messages, translate.Converse, smallRequest[translate.Messages], options)
	out, err := call.Collect([]byte(b.String()))
	if err != nil || !strings.Contains(string(out), `"id":"c1","name":"Read","input":{"a":1}}`) ||
		!strings.Contains(string(out), `"id":"c2","name":"Now","input":{"b":2}}`) {
		t.Errorf("%v, %s", err, out)
	}
	_, call = mustRequest(t, translate.Messages, translate.Converse, smallRequest[translate.Messages], options)
	streamed, failure := translatetest.Stream(call, b.String(), 1<<20)
	checkEvents(t, translate.Messages, streamed)
	if failure != "" || strings.Count(string(streamed), "event: content_block_start") != 2 {
		t.Errorf("%s, %s", failure, streamed)
	}
}

func TestLimitsOfConverseRequests(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 150)
	checkRequests(t, translate.Chat, translate.Converse, []requestCase{
		{name: "names of documents, and a type of image by another name",
			body: `{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,JV"}},
				{"type":"file","file":{"filename":"` + long + `","file_data":"data:application/pdf;base64,JV"}},
				{"type":"image_url","image_url":{"url":"data:image/jpg;base64,AAA="}}]}]}`,
			want: `{"messages":[{"role":"user","content":[{"document":{"format":"pdf","name":"document","source":{"bytes":"JV"}}},
				{"document":{"format":"pdf","name":"` + long[:100] + `-2","source":{"bytes":"JV"}}},
				{"image":{"format":"jpeg","source":{"bytes":"AAA="}}}]}],"inferenceConfig":{}}`},
		{name: "a tool that must be called, strictly, and no parallel calls without tools", options: ofClaude,
			body: `{"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"Now","strict":true}}],"tool_choice":"required"}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{},
				"toolConfig":{"tools":[{"toolSpec":{"name":"Now","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"any":{}}}}`,
			dropped: []string{"tools.strict"}},
		{name: "no parallel calls, and no tools", options: ofClaude,
			body: `{"messages":[{"role":"user","content":"hi"}],"parallel_tool_calls":false}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{}}`},
	})
	checkRequests(t, translate.Messages, translate.Converse, []requestCase{
		{name: "a failed tool that says so", body: strings.Replace(failedTool, "no clock", "Error: no clock", 1),
			want: strings.NewReplacer("TEXT", "Error: no clock", "STATUS", "").Replace(failedConverseTool)},
		{name: "a failed tool that says nothing", body: strings.Replace(failedTool, `"content":"no clock"`, `"content":[]`, 1),
			want: strings.NewReplacer("TEXT", "Error: the tool failed", "STATUS", "").Replace(failedConverseTool)},
		{name: "a failed tool of Claude's that says nothing", options: ofClaude,
			body: strings.Replace(failedTool, `"content":"no clock"`, `"content":[]`, 1),
			want: strings.NewReplacer("TEXT", "Error: the tool failed", "STATUS", `,"status":"error"`).Replace(failedConverseTool)},
	})
}

func TestWhatConverseRequestsLeaveOut(t *testing.T) {
	t.Parallel()
	checkRequests(t, translate.Chat, translate.Converse, []requestCase{
		{name: "a schema without a name", options: ofClaude,
			body: `{"messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"}}}}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{},"outputConfig":{"textFormat":{"type":"json_schema",
				"structure":{"jsonSchema":{"schema":"{\"type\":\"object\"}"}}}}}`},
		{name: "an effort within the limit, and the only temperature that goes with it", options: ofClaude,
			body: `{"messages":[{"role":"user","content":"hi"}],"reasoning_effort":"high","max_tokens":2000,"temperature":1}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":2000,"temperature":1},
				"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}}}`},
	})
	checkRequests(t, translate.Messages, translate.Converse, []requestCase{
		{name: "hidden thinking of another upstream", options: ofClaude,
			body: `{"max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"redacted_thinking","data":"foreign"},
				{"type":"text","text":"x"}]},{"role":"user","content":"y"}]}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]},{"role":"assistant","content":[{"text":"x"}]},
				{"role":"user","content":[{"text":"y"}]}],"inferenceConfig":{"maxTokens":9}}`, dropped: []string{"messages.content.thinking"}},
	})
	for member, body := range map[string]string{
		"image": `{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAA="}}]}]}`,
		"document": `{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf",` +
			`"data":"AAA="}}]}]}`,
		"tool_choice": `{"max_tokens":9,"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"web_search_20250305","name":"web_search"}],` +
			`"tool_choice":{"type":"any"}}`,
	} {
		opts := options
		opts.NoImages, opts.NoFiles = true, true
		if out, _, err := translate.Request(translate.Messages, translate.Converse, []byte(body), opts); err == nil ||
			!strings.HasPrefix(err.Error(), member+": ") {
			t.Errorf("%s: %v, %s", member, err, out)
		}
	}
}
