package translatetest

import (
	"fmt"
	"strings"
)

// responseEvents are the events of a stream of the Responses API.
func responseEvents(data ...string) string {
	var s strings.Builder
	for i, d := range data {
		kind, _, _ := strings.Cut(strings.TrimPrefix(d, `{"type":"`), `"`)
		fmt.Fprintf(&s, "event: %s\ndata: {\"sequence_number\":%d,%s\n\n", kind, i, d[1:])
	}
	return s.String()
}

func responseObject(status, output, rest string) string {
	return fmt.Sprintf(`{"id":"resp_9","object":"response","created_at":1700000001,"status":%q,"model":"up","output":[%s]%s,
"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":60},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":107}}`, status, output, rest)
}

func responseEnd(status, output, rest string) string {
	return `{"type":"response.` + status + `","response":` + strings.ReplaceAll(responseObject(status, output, rest), "\n",
		"") + `}`
}

const (
	responseCreated = `{"type":"response.created","response":{"id":"resp_9","object":"response","created_at":1700000001,"status":"in_progress","model":"up","output":[],"usage":null}}`
	textItem        = `{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hello","annotations":[]}]}`
	reasoningItem   = `{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"encrypted_content":"enc=="}`
	callItem        = `{"id":"fc_1","type":"function_call","status":"completed","call_id":"c1","name":"Read","arguments":"{\"path\":\"a\"}"}`
	customItem      = `{"id":"ctc_1","type":"custom_tool_call","status":"completed","call_id":"c3","name":"patch","input":"a\n\"b\""}`
)

func itemAdded(i int, item string) string {
	return fmt.Sprintf(`{"type":"response.output_item.added","output_index":%d,"item":%s}`, i, item)
}

func itemDone(i int, item string) string {
	return fmt.Sprintf(`{"type":"response.output_item.done","output_index":%d,"item":%s}`, i, item)
}

// itemDelta is an event with a piece, a text.
func itemDelta(kind string, i int, piece string) string {
	return fmt.Sprintf(`{"type":"response.%s.delta","output_index":%d,"item_id":"x","delta":"%s"}`, kind, i, piece)
}

const emptyText = `{"id":"msg_1","type":"message","role":"assistant","status":"in_progress","content":[]}`

// Responses are streams of upstreams of the Responses API.
var Responses = []Played{
	{Name: "a text", Stream: responseEvents(responseCreated, itemAdded(0, emptyText), itemDelta("output_text", 0, "Hel"),
		itemDelta("output_text", 0, "lo"), itemDone(0, textItem), responseEnd("completed", textItem, "")),
		Reply: responseObject("completed", textItem, "")},
	{Name: "reasoning, a text, a call and a custom tool", Stream: responseEvents(responseCreated,
		itemAdded(0, `{"id":"rs_1","type":"reasoning","summary":[]}`),
		`{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}`, itemDelta("reasoning_summary_text", 0, "a"),
		`{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":""}}`, itemDelta("reasoning_summary_text", 0, "b"), itemDone(0, reasoningItem),
		itemAdded(1, emptyText), itemDelta("output_text", 1, "Hello"), itemDone(1, textItem),
		itemAdded(2, `{"id":"fc_1","type":"function_call","status":"in_progress","call_id":"c1","name":"Read","arguments":""}`), itemDelta("function_call_arguments", 2, `{\"path\"`), itemDelta("function_call_arguments", 2, `:\"a\"}`), itemDone(2, callItem),
		itemAdded(3, `{"id":"ctc_1","type":"custom_tool_call","status":"in_progress","call_id":"c3","name":"patch","input":""}`), itemDelta("custom_tool_call_input", 3, `a\n`), itemDelta("custom_tool_call_input", 3, `\"b\"`), itemDone(3, customItem),
		responseEnd("completed", reasoningItem+","+textItem+","+callItem+","+customItem, "")),
		Reply: responseObject("completed", reasoningItem+","+textItem+","+callItem+","+customItem, "")},
	{Name: "items without pieces", Stream: responseEvents(responseCreated, itemAdded(0, emptyText), itemDone(0, textItem),
		itemAdded(1, callItem), itemDone(1, callItem), responseEnd("completed", textItem+","+callItem, "")),
		Reply: responseObject("completed", textItem+","+callItem, "")},
	{Name: "the final event alone", Stream: responseEvents(responseCreated,
		responseEnd("completed", textItem+","+callItem, "")),
		Reply: responseObject("completed", textItem+","+callItem, "")},
	{Name: "the limit of tokens", Stream: responseEvents(responseCreated, itemAdded(0, emptyText),
		itemDelta("output_text", 0, "Hello"), itemDone(0, textItem),
		responseEnd("incomplete", textItem, `,"incomplete_details":{"reason":"max_output_tokens"}`)),
		Reply: responseObject("incomplete", textItem, `,"incomplete_details":{"reason":"max_output_tokens"}`)},
	{Name: "a filter", Stream: responseEvents(responseCreated, itemAdded(0, emptyText),
		itemDelta("output_text", 0, "Hello"), itemDone(0, textItem),
		responseEnd("incomplete", textItem, `,"incomplete_details":{"reason":"content_filter"}`)),
		Reply: responseObject("incomplete", textItem, `,"incomplete_details":{"reason":"content_filter"}`)},
	{Name: "a refusal", Stream: responseEvents(responseCreated, itemAdded(0, emptyText), itemDelta("refusal", 0, "no"),
		itemDone(0, `{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"refusal","refusal":"no"}]}`),
		responseEnd("completed", "", ""))},
	{Name: "a tool of the provider", Stream: responseEvents(responseCreated,
		itemAdded(0, `{"id":"ws","type":"web_search_call"}`), itemDone(0, `{"id":"ws","type":"web_search_call"}`),
		itemAdded(1, emptyText), itemDelta("output_text", 1, "Hello"), itemDone(1, textItem),
		responseEnd("completed", textItem, "")),
		Reply: responseObject("completed", `{"id":"ws","type":"web_search_call"},`+textItem, "")},

	{Name: "cut within a text", Stream: responseEvents(responseCreated, itemAdded(0, emptyText),
		itemDelta("output_text", 0, "Hel")), Failure: "broke off"},
	{Name: "a failure", Stream: responseEvents(responseCreated,
		`{"type":"response.failed","response":{"id":"resp_9","status":"failed","error":{"code":"server_error","message":"it broke"}}}`), Failure: "it broke"},
	{Name: "an error", Stream: responseEvents(responseCreated,
		`{"type":"error","code":"x","message":"it broke","param":null}`), Failure: "it broke"},
	{Name: "no content", Stream: responseEvents(responseCreated,
		`{"type":"response.completed","response":{"id":"resp_9","status":"completed","output":[]}}`),
		Failure: "without content"},
	{Name: "broken arguments", Stream: responseEvents(responseCreated,
		itemAdded(0, `{"id":"fc_1","type":"function_call","call_id":"c1","name":"Read","arguments":""}`),
		itemDelta("function_call_arguments", 0, `{\"path\"`),
		itemDone(0, `{"id":"fc_1","type":"function_call","call_id":"c1","name":"Read","arguments":"{\"path\""}`),
		responseEnd("completed", "", "")), Failure: "not a JSON object"},
}
