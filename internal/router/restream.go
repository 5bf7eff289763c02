package router

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// object is a JSON object whose values stay as they are.
type object map[string]json.RawMessage

// restream writes a whole reply as the events of its dialect. It is needed when
// an upstream that was asked for a stream answers in one piece, and keep-alives
// have begun the stream to the client. It returns nil for a reply that it does
// not understand.
func restream(d dialect, body []byte) []byte {
	var reply object
	if json.Unmarshal(body, &reply) != nil {
		return nil
	}
	switch {
	case reply["choices"] != nil:
		return restreamChat(reply)
	case d == responses && reply["output"] != nil:
		return restreamResponse(reply, body)
	case d == messages && reply["content"] != nil:
		return restreamMessage(reply)
	}
	return nil
}

// restreamChat makes one chunk of a chat or completions reply.
func restreamChat(reply object) []byte {
	var choices []object
	if json.Unmarshal(reply["choices"], &choices) != nil {
		return nil
	}
	for _, choice := range choices {
		if choice["message"] == nil {
			continue // a completion: its chunks look the same
		}
		choice["delta"] = withIndexedCalls(choice["message"])
		delete(choice, "message")
		reply["object"] = json.RawMessage(`"chat.completion.chunk"`)
	}
	reply["choices"] = encode(choices)
	return append(frame("data: ", encode(reply)), "data: [DONE]\n\n"...)
}

// withIndexedCalls numbers the tool calls of a message, as chunks have them.
func withIndexedCalls(message json.RawMessage) json.RawMessage {
	var delta object
	var calls []object
	if json.Unmarshal(message, &delta) != nil || json.Unmarshal(delta["tool_calls"], &calls) != nil || len(calls) == 0 {
		return message
	}
	for i, call := range calls {
		call["index"] = encode(i)
	}
	delta["tool_calls"] = encode(calls)
	return encode(delta)
}

// restreamResponse makes the events of a response, each item in one piece.
func restreamResponse(reply object, body []byte) []byte {
	var items []json.RawMessage
	if json.Unmarshal(reply["output"], &items) != nil {
		return nil
	}
	begun := maps.Clone(reply)
	begun["status"], begun["output"] = json.RawMessage(`"in_progress"`), json.RawMessage(`[]`)
	out := event("response.created", fmt.Sprintf(`"sequence_number":0,"response":%s`, encode(begun)))
	for i, item := range items {
		out += event("response.output_item.added", fmt.Sprintf(`"sequence_number":%d,"output_index":%d,"item":%s`, 2*i+1, i, oneLine(item))) +
			event("response.output_item.done", fmt.Sprintf(`"sequence_number":%d,"output_index":%d,"item":%s`, 2*i+2, i, oneLine(item)))
	}
	last := "response.completed"
	if string(reply["status"]) == `"incomplete"` {
		last = "response.incomplete"
	}
	return []byte(out + event(last, fmt.Sprintf(`"sequence_number":%d,"response":%s`, 2*len(items)+1, oneLine(body))))
}

// restreamMessage makes the events of an Anthropic message.
func restreamMessage(reply object) []byte {
	var blocks []object
	if json.Unmarshal(reply["content"], &blocks) != nil {
		return nil
	}
	stop := object{"stop_reason": orNull(reply["stop_reason"]), "stop_sequence": orNull(reply["stop_sequence"])}
	begun := maps.Clone(reply)
	begun["content"], begun["stop_reason"], begun["stop_sequence"] = json.RawMessage(`[]`), json.RawMessage(`null`), json.RawMessage(`null`)
	out := event("message_start", fmt.Sprintf(`"message":%s`, encode(begun)))
	for i, block := range blocks {
		out += restreamBlock(i, block)
	}
	return []byte(out + event("message_delta", fmt.Sprintf(`"delta":%s,"usage":%s`, encode(stop), oneLine(orNull(reply["usage"])))) + event("message_stop", ""))
}

// restreamBlock makes the events of one content block: its text, thinking or
// input comes as a delta, all other kinds stand whole in the first event.
func restreamBlock(index int, block object) string {
	begun := maps.Clone(block)
	deltas := ""
	add := func(member, empty, kind, name string, value []byte) {
		if !splice.IsEmpty(block[member]) {
			begun[member] = json.RawMessage(empty)
			deltas += event("content_block_delta", fmt.Sprintf(`"index":%d,"delta":{"type":%q,%q:%s}`, index, kind, name, value))
		}
	}
	switch string(block["type"]) {
	case `"text"`:
		add("text", `""`, "text_delta", "text", block["text"])
	case `"thinking"`:
		add("thinking", `""`, "thinking_delta", "thinking", block["thinking"])
		add("signature", `""`, "signature_delta", "signature", block["signature"])
	case `"tool_use"`:
		add("input", `{}`, "input_json_delta", "partial_json", quote(string(block["input"])))
	}
	return event("content_block_start", fmt.Sprintf(`"index":%d,"content_block":%s`, index, encode(begun))) + deltas +
		event("content_block_stop", fmt.Sprintf(`"index":%d`, index))
}

func orNull(value json.RawMessage) json.RawMessage {
	if value == nil {
		return json.RawMessage("null")
	}
	return value
}

// oneLine is a JSON document without line ends between its values.
func oneLine(doc []byte) []byte { return encode(json.RawMessage(doc)) }
