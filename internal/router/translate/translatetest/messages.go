package translatetest

import (
	"fmt"
	"strings"
)

const (
	messageStart = `{"type":"message_start","message":{"id":"msg_9","type":"message","role":"assistant","model":"up","content":[],"stop_reason":null,"usage":{"input_tokens":30,"cache_read_input_tokens":60,"cache_creation_input_tokens":10,"output_tokens":1}}}`
	messageStop  = `{"type":"message_stop"}`
)

// messageEvents are the events of a messages stream.
func messageEvents(data ...string) string {
	var s strings.Builder
	for _, d := range data {
		kind, _, _ := strings.Cut(strings.TrimPrefix(d, `{"type":"`), `"`)
		fmt.Fprintf(&s, "event: %s\ndata: %s\n\n", kind, d)
	}
	return s.String()
}

func messageDelta(reason string) string {
	return `{"type":"message_delta","delta":{"stop_reason":` + reason + `},"usage":{"output_tokens":7}}`
}

func messageReply(content, reason string) string {
	return fmt.Sprintf(`{"id":"msg_9","type":"message","role":"assistant","model":"up","content":[%s],"stop_reason":%s,
		"usage":{"input_tokens":30,"cache_read_input_tokens":60,"cache_creation_input_tokens":10,"output_tokens":7}}`,
		content, reason)
}

func blockStart(i int, block string) string {
	return fmt.Sprintf(`{"type":"content_block_start","index":%d,"content_block":%s}`, i, block)
}

func blockDelta(i int, delta string) string {
	return fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":%s}`, i, delta)
}

func blockStop(i int) string { return fmt.Sprintf(`{"type":"content_block_stop","index":%d}`, i) }

// Messages are streams of messages upstreams.
var Messages = []Played{
	{Name: "a text with a ping", Stream: messageEvents(messageStart, blockStart(0, `{"type":"text","text":""}`),
		`{"type":"ping"}`, blockDelta(0, `{"type":"text_delta","text":"Hel"}`),
		blockDelta(0, `{"type":"text_delta","text":"lo"}`), blockStop(0), messageDelta(`"end_turn"`), messageStop),
		Reply: messageReply(`{"type":"text","text":"Hello"}`, `"end_turn"`)},
	{Name: "thinking, a text and two calls", Stream: messageEvents(messageStart,
		blockStart(0, `{"type":"thinking","thinking":"","signature":""}`),
		blockDelta(0, `{"type":"thinking_delta","thinking":"hm"}`),
		blockDelta(0, `{"type":"signature_delta","signature":"sig=="}`), blockStop(0),
		blockStart(1, `{"type":"redacted_thinking","data":"dada"}`), blockStop(1),
		blockStart(2, `{"type":"text","text":""}`), blockDelta(2, `{"type":"text_delta","text":"so"}`), blockStop(2),
		blockStart(3, `{"type":"tool_use","id":"t1","name":"Read","input":{}}`),
		blockDelta(3, `{"type":"input_json_delta","partial_json":""}`),
		blockDelta(3, `{"type":"input_json_delta","partial_json":"{\"path\":"}`),
		blockDelta(3, `{"type":"input_json_delta","partial_json":"\"a\"}"}`), blockStop(3),
		blockStart(4, `{"type":"tool_use","id":"t2","name":"Now","input":{}}`), blockStop(4), messageDelta(`"tool_use"`),
		messageStop),
		Reply: messageReply(`{"type":"thinking","thinking":"hm","signature":"sig=="},{"type":"redacted_thinking","data":"dada"},{"type":"text","text":"so"},
			{"type":"tool_use","id":"t1","name":"Read","input":{"path":"a"}},{"type":"tool_use","id":"t2","name":"Now","input":{}}`, `"tool_use"`)},
	{Name: "two texts", Stream: messageEvents(messageStart, blockStart(0, `{"type":"text","text":"a"}`), blockStop(0),
		blockStart(1, `{"type":"text","text":""}`), blockDelta(1, `{"type":"text_delta","text":"b"}`), blockStop(1),
		messageDelta(`"max_tokens"`), messageStop),
		Reply: messageReply(`{"type":"text","text":"a"},{"type":"text","text":"b"}`, `"max_tokens"`)},
	{Name: "a stop sequence", Stream: messageEvents(messageStart, blockStart(0, `{"type":"text","text":"a"}`),
		blockStop(0), `{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"x"},"usage":{"output_tokens":7}}`, messageStop),
		Reply: strings.Replace(messageReply(`{"type":"text","text":"a"}`, `"stop_sequence"`), `"usage"`,
			`"stop_sequence":"x","usage"`, 1)},
	{Name: "a refusal", Stream: messageEvents(messageStart, blockStart(0, `{"type":"text","text":"a"}`), blockStop(0),
		messageDelta(`"refusal"`), messageStop),
		Reply: messageReply(`{"type":"text","text":"a"}`, `"refusal"`)},
	{Name: "a tool of the provider", Stream: messageEvents(messageStart,
		blockStart(0, `{"type":"server_tool_use","id":"s","name":"web_search","input":{}}`),
		blockDelta(0, `{"type":"input_json_delta","partial_json":"{}"}`), blockStop(0),
		blockStart(1, `{"type":"web_search_tool_result","tool_use_id":"s","content":[]}`), blockStop(1),
		blockStart(2, `{"type":"text","text":"a"}`), blockStop(2), messageDelta(`"end_turn"`), messageStop),
		Reply: messageReply(`{"type":"server_tool_use","id":"s","name":"web_search","input":{}},{"type":"text","text":"a"}`,
			`"end_turn"`)},
	{Name: "a tool of the provider behind a call",
		Stream: messageEvents(messageStart, blockStart(0, `{"type":"tool_use","id":"t1","name":"Read","input":{}}`),
			blockDelta(0, `{"type":"input_json_delta","partial_json":"{}"}`), blockStop(0),
			blockStart(1, `{"type":"server_tool_use","id":"s","name":"search","input":{}}`),
			blockDelta(1, `{"type":"input_json_delta","partial_json":"{\"q\":1}"}`), blockStop(1), messageDelta(`"tool_use"`),
			messageStop),
		Reply: messageReply(`{"type":"tool_use","id":"t1","name":"Read","input":{}},{"type":"server_tool_use","id":"s","name":"search","input":{"q":1}}`, `"tool_use"`)},
	{Name: "an input that is whole at its start",
		Stream: messageEvents(messageStart, blockStart(0, `{"type":"tool_use","id":"t1","name":"Read","input":{"path":"a"}}`),
			blockStop(0), messageDelta(`"tool_use"`), messageStop),
		Reply: messageReply(`{"type":"tool_use","id":"t1","name":"Read","input":{"path":"a"}}`, `"tool_use"`)},
	{Name: "the limit of tokens within a call",
		Stream: messageEvents(messageStart, blockStart(0, `{"type":"tool_use","id":"t1","name":"Read","input":{}}`),
			blockDelta(0, `{"type":"input_json_delta","partial_json":"{\"pa"}`), blockStop(0), messageDelta(`"max_tokens"`),
			messageStop)},
	{Name: "an empty turn", Stream: messageEvents(messageStart, messageDelta(`"end_turn"`), messageStop),
		Reply: messageReply("", `"end_turn"`)},

	{Name: "cut within a text", Stream: messageEvents(messageStart, blockStart(0, `{"type":"text","text":""}`),
		blockDelta(0, `{"type":"text_delta","text":"Hel"}`)), Failure: "broke off"},
	{Name: "an overload", Stream: messageEvents(messageStart, blockStart(0, `{"type":"text","text":"a"}`),
		`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`), Failure: "Overloaded"},
	{Name: "nothing", Stream: messageEvents(messageStart), Failure: "broke off"},
	{Name: "broken arguments", Stream: messageEvents(messageStart,
		blockStart(0, `{"type":"tool_use","id":"t1","name":"Read","input":{}}`),
		blockDelta(0, `{"type":"input_json_delta","partial_json":"{\"pa"}`), blockStop(0), messageDelta(`"tool_use"`),
		messageStop), Failure: "not a JSON object"},
	{Name: "another dialect", Stream: Chunks(`"delta":{"content":"Hel"},"finish_reason":"stop"`) + Done,
		Failure: "broke off"},
}
