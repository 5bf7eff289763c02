package translatetest

import "strings"

// converseEvents returns events of ConverseStream as the router reads them off AWS's frames:
// objects with one member, whose name is the type of the event.
func converseEvents(events ...string) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString("data: " + e + "\n\n")
	}
	return b.String()
}

// converseReply returns a reply of Converse.
func converseReply(content, stopReason string) string {
	return `{"metrics":{"latencyMs":5},"output":{"message":{"role":"assistant","content":[` + content + `]}},"stopReason":"` +
		stopReason + `","usage":` + converseUsage + `}`
}

// Parts of the streams.
const (
	converseUsage = `{"inputTokens":40,"outputTokens":7,"totalTokens":107,"cacheReadInputTokens":60,"cacheWriteInputTokens":0}`
	converseStart = `{"messageStart":{"p":"ab","role":"assistant"}}`
	converseMeta  = `{"metadata":{"metrics":{"latencyMs":5},"p":"abc","usage":` + converseUsage + `}}`
	converseRead  = `{"toolUse":{"toolUseId":"c1","name":"Read","input":{"path":"a\"b"}}}`
	converseNow   = `{"toolUse":{"toolUseId":"c2","name":"Now","input":{}}}`
)

// converseDelta is an event with a piece of the block with the index i.
func converseDelta(i, delta string) string {
	return `{"contentBlockDelta":{"contentBlockIndex":` + i + `,"delta":` + delta + `,"p":"abcd"}}`
}

// converseStop is an event that ends the block with the index i.
func converseStop(i string) string { return `{"contentBlockStop":{"contentBlockIndex":` + i + `}}` }

// converseEnd is the event that says why a reply ended.
func converseEnd(reason string) string { return `{"messageStop":{"stopReason":"` + reason + `"}}` }

// Converse are streams of Amazon Bedrock.
var Converse = []Played{
	{Name: "a text", Stream: converseEvents(converseStart, converseDelta("0", `{"text":""}`),
		converseDelta("0", `{"text":"Hel"}`), converseDelta("0", `{"text":"lo \"é\" \u00e9\n"}`), converseStop("0"),
		converseEnd("end_turn"), converseMeta), Reply: converseReply(`{"text":"Hello \"é\" \u00e9\n"}`, "end_turn")},
	{Name: "thinking, a text and two calls", Stream: converseEvents(converseStart,
		converseDelta("0", `{"reasoningContent":{"text":"let "}}`), converseDelta("0", `{"reasoningContent":{"text":"me"}}`),
		converseDelta("0", `{"reasoningContent":{"signature":"c2ln"}}`), converseStop("0"),
		converseDelta("1", `{"text":"I look"}`), converseStop("1"),
		`{"contentBlockStart":{"contentBlockIndex":2,"start":{"toolUse":{"name":"Read","toolUseId":"c1"}}}}`,
		converseDelta("2", `{"toolUse":{"input":""}}`), converseDelta("2", `{"toolUse":{"input":"{\"path\":\"a\\\"b\"}"}}`),
		converseStop("2"),
		`{"contentBlockStart":{"contentBlockIndex":3,"start":{"toolUse":{"name":"Now","toolUseId":"c2"}}}}`,
		converseStop("3"), converseEnd("tool_use"), converseMeta),
		Reply: converseReply(`{"reasoningContent":{"reasoningText":{"signature":"c2ln","text":"let me"}}},{"text":"I look"},`+
			converseRead+`,`+converseNow, "tool_use")},
	{Name: "hidden thinking", Stream: converseEvents(converseStart,
		converseDelta("0", `{"reasoningContent":{"redactedContent":"aGlkZGVu"}}`), converseStop("0"),
		converseDelta("1", `{"text":"answer"}`), converseStop("1"), converseEnd("end_turn"), converseMeta),
		Reply: converseReply(`{"reasoningContent":{"redactedContent":"aGlkZGVu"}},{"text":"answer"}`, "end_turn")},
	{Name: "thinking without a signature", Stream: converseEvents(converseStart,
		converseDelta("0", `{"reasoningContent":{"text":"hm"}}`), converseStop("0"),
		converseDelta("1", `{"text":"answer"}`), converseStop("1"), converseEnd("end_turn"), converseMeta),
		Reply: converseReply(`{"reasoningContent":{"reasoningText":{"text":"hm"}}},{"text":"answer"}`, "end_turn")},
	{Name: "the limit of tokens", Stream: converseEvents(converseStart, converseDelta("0", `{"text":"Hello"}`),
		converseStop("0"), converseEnd("max_tokens"), converseMeta), Reply: converseReply(`{"text":"Hello"}`, "max_tokens")},
	{Name: "a guardrail", Stream: converseEvents(converseStart, converseDelta("0", `{"text":"no"}`), converseStop("0"),
		converseEnd("guardrail_intervened"), converseMeta), Reply: converseReply(`{"text":"no"}`, "guardrail_intervened")},
	{Name: "no metadata", Stream: converseEvents(converseStart, converseDelta("0", `{"text":"Hello"}`), converseStop("0"),
		converseEnd("end_turn"))},

	{Name: "cut within a text", Stream: converseEvents(converseStart, converseDelta("0", `{"text":"Hel"}`)),
		Failure: "broke off"},
	{Name: "an exception", Stream: converseEvents(converseStart, converseDelta("0", `{"text":"Hel"}`)) +
		`event: error` + "\n" + `data: {"type":"error","error":{"type":"rate_limit_error","code":429,"message":"Too many"}}` +
		"\n\n", Failure: "Too many"},
	{Name: "malformed output", Stream: converseEvents(converseStart, converseDelta("0", `{"text":"Hel"}`),
		converseEnd("malformed_tool_use"), converseMeta), Failure: "malformed_tool_use"},
	{Name: "no content", Stream: converseEvents(converseStart, converseEnd("end_turn"),
		`{"metadata":{"usage":{"inputTokens":1,"outputTokens":0}}}`), Failure: "without content"},
	{Name: "a page", Stream: "<html>\n<body>\n", Failure: "broke off"},
}
