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

// TestFormatsOfConverse has the types of images and documents that Bedrock's documentation lists.
func TestFormatsOfConverse(t *testing.T) {
	t.Parallel()
	const office = "application/vnd.openxmlformats-officedocument."
	for media, want := range map[string]string{"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp",
		"text/csv": "csv", "text/html": "html", "text/plain": "txt", "text/markdown": "md", "application/pdf": "pdf",
		"application/msword": "doc", office + "wordprocessingml.document": "docx", "application/vnd.ms-excel": "xls",
		office + "spreadsheetml.sheet": "xlsx"} {
		block := `{"type":"file","file":{"filename":"aZ09-(x)_\u00e9{[:.pdf","file_data":"data:` + media + `;base64,QQ=="}}`
		shape := `{"document":{"format":"` + want + `","name":"aZ09-(x)------pdf","source":{"bytes":"QQ=="}}}`
		if strings.HasPrefix(media, "image/") {
			block = `{"type":"image_url","image_url":{"url":"data:` + media + `;base64,QQ=="}}`
			shape = `{"image":{"format":"` + want + `","source":{"bytes":"QQ=="}}}`
		}
		checkRequests(t, translate.Chat, translate.Converse, []requestCase{{name: media,
			body: `{"messages":[{"role":"user","content":[` + block + `]}]}`,
			want: `{"messages":[{"role":"user","content":[` + shape + `]}],"inferenceConfig":{}}`}})
	}
	for detail, dropped := range map[string][]string{"auto": nil, "high": {"messages.content.image_url.detail"}} {
		checkRequests(t, translate.Chat, translate.Converse, []requestCase{{name: detail, dropped: dropped,
			body: `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"detail":"` + detail + `","url":"data:image/png;base64,QQ=="}}]}]}`,
			want: `{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"QQ=="}}}]}],"inferenceConfig":{}}`}})
	}
}

func TestCallsOfConverseRequests(t *testing.T) {
	t.Parallel()
	const calls = `{"role":"user","content":"hi"},{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"Now","arguments":"{}"}},
		{"id":"c2","function":{"name":"Now","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"1"},{"role":"tool","tool_call_id":"c2","content":"2"}`
	const converse = `{"messages":[{"role":"user","content":[{"text":"hi"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"c1","name":"Now","input":{}}},
		{"toolUse":{"toolUseId":"c2","name":"Now","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"text":"1"}]}},
		{"toolResult":{"toolUseId":"c2","content":[{"text":"2"}]}}]}],"inferenceConfig":{},"toolConfig":{"tools":[{"toolSpec":{"name":"Now",`
	checkRequests(t, translate.Chat, translate.Converse, []requestCase{
		{name: "a tool that is gone and was called twice", body: `{"messages":[` + calls + `]}`,
			want: converse + `"description":"It cannot be called any more.","inputSchema":{"json":{"type":"object","properties":{}}}}}]}}`},
		{name: "no further calls", body: `{"messages":[` + calls + `],"tools":[{"type":"function","function":{"name":"Now"}}],"tool_choice":"none"}`,
			want: converse + `"inputSchema":{"json":{"type":"object","properties":{}}}}}]}}`, dropped: []string{"tool_choice"}},
		{name: "no calls, and nothing to call", body: `{"messages":[{"role":"user","content":"hi"}],"tool_choice":"none"}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{}}`},
	})
	const image, shape = `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"QQ=="}}`,
		`{"image":{"format":"png","source":{"bytes":"QQ=="}}}`
	for inner, want := range map[string]string{image + `,{"type":"text","text":"no clock"}`: shape + `,{"text":"Error: no clock"}`,
		image: shape + `,{"text":"Error: the tool failed"}`} {
		checkRequests(t, translate.Messages, translate.Converse, []requestCase{{name: "a failed tool with an image",
			body: strings.Replace(failedTool, `"content":"no clock"`, `"content":[`+inner+`]`, 1),
			want: strings.NewReplacer(`{"text":"TEXT"}`, want, "STATUS", "").Replace(failedConverseTool)}})
	}
}
