package agents_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
)

// writeChat writes a turn as chat completions stream it.
func writeChat(w io.Writer, t turn) {
	head := map[string]any{"id": fmt.Sprint("c", t.number), "object": "chat.completion.chunk", "created": 1, "model": "up"}
	chunk := func(delta, finish any) {
		data(w, "", head, map[string]any{"choices": []any{map[string]any{"index": 0, "delta": delta,
			"finish_reason": finish}}})
	}
	if t.thinking != "" {
		chunk(map[string]any{"role": "assistant", "reasoning_content": t.thinking}, nil)
	}
	if t.text != "" {
		chunk(map[string]any{"content": t.text}, nil)
	}
	finish := "stop"
	for i, c := range t.calls {
		finish = "tool_calls"
		chunk(map[string]any{"tool_calls": []any{map[string]any{"index": i, "id": callID(t, i), "type": "function",
			"function": map[string]any{"name": c.name, "arguments": c.arguments}}}}, nil)
	}
	chunk(map[string]any{}, finish)
	data(w, "", head, map[string]any{"choices": []any{}, "usage": map[string]any{"prompt_tokens": t.tokens,
		"completion_tokens": 5, "total_tokens": t.tokens + 5}})
	fmt.Fprint(w, "data: [DONE]\n\n")
}

// writeMessages writes a turn as messages stream it.
func writeMessages(w io.Writer, t turn) {
	usage := map[string]any{"input_tokens": t.tokens, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
		"output_tokens": 5}
	data(w, "message_start", map[string]any{"message": map[string]any{"id": fmt.Sprint("msg_", t.number),
		"type": "message", "role": "assistant", "model": "up", "content": []any{}, "stop_reason": nil, "usage": usage}})
	index := 0
	block := func(start map[string]any, deltas ...map[string]any) {
		data(w, "content_block_start", map[string]any{"index": index, "content_block": start})
		for _, delta := range deltas {
			data(w, "content_block_delta", map[string]any{"index": index, "delta": delta})
		}
		data(w, "content_block_stop", map[string]any{"index": index})
		index++
	}
	if t.thinking != "" {
		block(map[string]any{"type": "thinking", "thinking": "", "signature": ""},
			map[string]any{"type": "thinking_delta", "thinking": t.thinking},
			map[string]any{"type": "signature_delta", "signature": thoughtSignature})
	}
	if t.text != "" {
		block(map[string]any{"type": "text", "text": ""}, map[string]any{"type": "text_delta", "text": t.text})
	}
	stop := "end_turn"
	for i, c := range t.calls {
		stop = "tool_use"
		block(map[string]any{"type": "tool_use", "id": callID(t, i), "name": c.name, "input": map[string]any{}},
			map[string]any{"type": "input_json_delta", "partial_json": c.arguments})
	}
	data(w, "message_delta", map[string]any{"delta": map[string]any{"stop_reason": stop, "stop_sequence": nil},
		"usage": usage})
	data(w, "message_stop")
}

// thoughtSignature is the opaque field of what the model thought, which it wants back.
const thoughtSignature = "c2lnbmF0dXJl"

// geminiReply is a turn as Google's generateContent says it, whole or as the only piece of a
// stream.
func geminiReply(t turn) map[string]any {
	parts := []any{}
	if t.thinking != "" {
		parts = append(parts, map[string]any{"text": t.thinking, "thought": true})
	}
	if t.text != "" {
		parts = append(parts, map[string]any{"text": t.text})
	}
	for i, c := range t.calls {
		part := map[string]any{"functionCall": map[string]any{"id": callID(t, i), "name": c.name,
			"args": json.RawMessage(c.arguments)}}
		if t.thinking != "" {
			part["thoughtSignature"] = thoughtSignature
		}
		parts = append(parts, part)
	}
	return map[string]any{"candidates": []any{map[string]any{"index": 0, "finishReason": "STOP",
		"content": map[string]any{"role": "model", "parts": parts}}}, "modelVersion": "up",
		"usageMetadata": map[string]any{"promptTokenCount": t.tokens, "candidatesTokenCount": 5,
			"totalTokenCount": t.tokens + 5}}
}

// responsesItems writes the output items of a turn.
type responsesItems struct {
	w      io.Writer
	output []any
}

// writeResponses writes a turn as responses stream it, as far as clients need it.
func writeResponses(w io.Writer, t turn) {
	response := map[string]any{"id": fmt.Sprint("resp_", t.number), "object": "response", "created_at": 1,
		"status": "in_progress", "model": "up", "output": []any{}}
	data(w, "response.created", map[string]any{"response": response})
	items := responsesItems{w: w, output: []any{}}
	if t.thinking != "" {
		items.writeThinking(fmt.Sprint("rs_", t.number), t.thinking)
	}
	if t.text != "" {
		items.writeText(fmt.Sprint("msg_", t.number), t.text)
	}
	for i, c := range t.calls {
		items.writeCall(fmt.Sprintf("fc_%d_%d", t.number, i), callID(t, i), c)
	}
	response["status"], response["output"] = "completed", items.output
	response["usage"] = map[string]any{"input_tokens": t.tokens, "output_tokens": 5, "total_tokens": t.tokens + 5}
	data(w, "response.completed", map[string]any{"response": response})
}

// beginItem writes that an item begins, and returns where the item is.
func (r *responsesItems) beginItem(id string, item map[string]any) (place map[string]any) {
	item["id"], item["status"] = id, "in_progress"
	data(r.w, "response.output_item.added", map[string]any{"output_index": len(r.output), "item": item})
	return map[string]any{"item_id": id, "output_index": len(r.output)}
}

// endItem writes that an item is complete.
func (r *responsesItems) endItem(id string, item map[string]any) {
	item["id"], item["status"] = id, "completed"
	data(r.w, "response.output_item.done", map[string]any{"output_index": len(r.output), "item": item})
	r.output = append(r.output, item)
}

func (r *responsesItems) writeThinking(id, text string) {
	part := func(text string) map[string]any { return map[string]any{"type": "summary_text", "text": text} }
	place := r.beginItem(id, map[string]any{"type": "reasoning", "summary": []any{}})
	place["summary_index"] = 0
	data(r.w, "response.reasoning_summary_part.added", place, map[string]any{"part": part("")})
	data(r.w, "response.reasoning_summary_text.delta", place, map[string]any{"delta": text})
	data(r.w, "response.reasoning_summary_text.done", place, map[string]any{"text": text})
	r.endItem(id, map[string]any{"type": "reasoning", "summary": []any{part(text)}, "encrypted_content": thoughtSignature})
}

func (r *responsesItems) writeText(id, text string) {
	part := func(text string) map[string]any {
		return map[string]any{"type": "output_text", "text": text, "annotations": []any{}}
	}
	place := r.beginItem(id, map[string]any{"type": "message", "role": "assistant", "content": []any{}})
	place["content_index"] = 0
	data(r.w, "response.content_part.added", place, map[string]any{"part": part("")})
	data(r.w, "response.output_text.delta", place, map[string]any{"delta": text})
	data(r.w, "response.output_text.done", place, map[string]any{"text": text})
	r.endItem(id, map[string]any{"type": "message", "role": "assistant", "content": []any{part(text)}})
}

func (r *responsesItems) writeCall(id, callID string, c toolCall) {
	item := func(arguments string) map[string]any {
		return map[string]any{"type": "function_call", "call_id": callID, "name": c.name, "arguments": arguments}
	}
	place := r.beginItem(id, item(""))
	data(r.w, "response.function_call_arguments.delta", place, map[string]any{"delta": c.arguments})
	data(r.w, "response.function_call_arguments.done", place, map[string]any{"arguments": c.arguments})
	r.endItem(id, item(c.arguments))
}

// callID is unique to a call of a turn.
func callID(t turn, i int) string { return fmt.Sprintf("call_%d_%d", t.number, i) }

// data writes one event of the merged members. A kind is its type, and its event line.
func data(w io.Writer, kind string, members ...map[string]any) {
	all := map[string]any{}
	if kind != "" {
		all["type"] = kind
		fmt.Fprintf(w, "event: %s\n", kind)
	}
	for _, m := range members {
		maps.Copy(all, m)
	}
	text, _ := json.Marshal(all) // maps of strings and numbers always marshal
	fmt.Fprintf(w, "data: %s\n\n", text)
}
