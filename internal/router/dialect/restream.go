package dialect

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// object is a JSON object whose values are not decoded.
type object map[string]json.RawMessage

// Restream returns a whole reply as the events of its dialect. This is for an upstream that
// was asked for a stream and answers in one piece, after keep-alives have begun the stream
// to the client. It returns nil for a reply of an unknown form.
func Restream(d Dialect, body []byte) []byte {
	var reply object
	if json.Unmarshal(body, &reply) != nil {
		return nil
	}
	switch {
	case reply["choices"] != nil:
		return restreamChat(reply)
	case d == Responses && reply["output"] != nil:
		return restreamResponse(reply, body)
	case d == Messages && reply["content"] != nil:
		return restreamMessage(reply)
	case d == Gemini && (reply["candidates"] != nil || reply["promptFeedback"] != nil):
		return frame("data: ", oneLine(body))
	}
	return nil
}

// restreamChat returns a chat or completions reply as one chunk and the end of the stream.
func restreamChat(reply object) []byte {
	var choices []object
	if json.Unmarshal(reply["choices"], &choices) != nil {
		return nil
	}
	for _, choice := range choices {
		if choice["message"] == nil {
			continue // a completions reply: its chunks have the same form
		}
		choice["delta"] = addCallIndexes(choice["message"])
		delete(choice, "message")
		reply["object"] = json.RawMessage(`"chat.completion.chunk"`)
	}
	reply["choices"] = EncodeJSON(choices)
	return append(frame("data: ", EncodeJSON(reply)), DoneEvent...)
}

// addCallIndexes returns a message whose tool calls have an index, as in chunks.
func addCallIndexes(message json.RawMessage) json.RawMessage {
	var delta object
	var calls []object
	if json.Unmarshal(message, &delta) != nil || json.Unmarshal(delta["tool_calls"], &calls) != nil || len(calls) == 0 {
		return message
	}
	for i, call := range calls {
		call["index"] = EncodeJSON(i)
	}
	delta["tool_calls"] = EncodeJSON(calls)
	return EncodeJSON(delta)
}

// restreamResponse returns the events of a response, without deltas: each item comes whole.
func restreamResponse(reply object, body []byte) []byte {
	var items []json.RawMessage
	if json.Unmarshal(reply["output"], &items) != nil {
		return nil
	}
	opening := maps.Clone(reply)
	opening["status"], opening["output"] = json.RawMessage(`"in_progress"`), json.RawMessage(`[]`)
	out := namedEvent("response.created", fmt.Sprintf(`"sequence_number":0,"response":%s`, EncodeJSON(opening)))
	for i, item := range items {
		out += namedEvent("response.output_item.added",
			fmt.Sprintf(`"sequence_number":%d,"output_index":%d,"item":%s`, 2*i+1, i, oneLine(item))) +
			namedEvent("response.output_item.done", fmt.Sprintf(`"sequence_number":%d,"output_index":%d,"item":%s`,
				2*i+2, i, oneLine(item)))
	}
	last := "response.completed"
	if string(reply["status"]) == `"incomplete"` {
		last = "response.incomplete"
	}
	return []byte(out + namedEvent(last, fmt.Sprintf(`"sequence_number":%d,"response":%s`, 2*len(items)+1,
		oneLine(body))))
}

// restreamMessage returns the events of an Anthropic message.
func restreamMessage(reply object) []byte {
	var blocks []object
	if json.Unmarshal(reply["content"], &blocks) != nil {
		return nil
	}
	stop := object{"stop_reason": orNull(reply["stop_reason"]), "stop_sequence": orNull(reply["stop_sequence"])}
	opening := maps.Clone(reply)
	opening["content"] = json.RawMessage(`[]`)
	opening["stop_reason"], opening["stop_sequence"] = json.RawMessage(`null`), json.RawMessage(`null`)
	out := namedEvent("message_start", fmt.Sprintf(`"message":%s`, EncodeJSON(opening)))
	for i, block := range blocks {
		out += restreamBlock(i, block)
	}
	return []byte(out + namedEvent("message_delta", fmt.Sprintf(`"delta":%s,"usage":%s`, EncodeJSON(stop),
		oneLine(orNull(reply["usage"])))) + namedEvent("message_stop", ""))
}

// restreamBlock returns the events of one content block. Text, thinking and tool
// input come as deltas; blocks of other types are whole in the first event.
func restreamBlock(index int, block object) string {
	opening := maps.Clone(block)
	deltas := ""
	add := func(member, empty, kind, name string, value []byte) {
		if !splice.IsEmpty(block[member]) {
			opening[member] = json.RawMessage(empty)
			deltas += namedEvent("content_block_delta", fmt.Sprintf(`"index":%d,"delta":{"type":%q,%q:%s}`, index,
				kind, name, value))
		}
	}
	switch string(block["type"]) {
	case `"text"`:
		add("text", `""`, "text_delta", "text", block["text"])
	case `"thinking"`:
		add("thinking", `""`, "thinking_delta", "thinking", block["thinking"])
		add("signature", `""`, "signature_delta", "signature", block["signature"])
	case `"tool_use"`:
		add("input", `{}`, "input_json_delta", "partial_json", EncodeJSON(string(block["input"])))
	}
	return namedEvent("content_block_start", fmt.Sprintf(`"index":%d,"content_block":%s`, index,
		EncodeJSON(opening))) + deltas +
		namedEvent("content_block_stop", fmt.Sprintf(`"index":%d`, index))
}

// orNull returns value, or null if it is absent.
func orNull(value json.RawMessage) json.RawMessage {
	if value == nil {
		return json.RawMessage("null")
	}
	return value
}

// oneLine returns a JSON document on one line.
func oneLine(doc []byte) []byte { return EncodeJSON(json.RawMessage(doc)) }
