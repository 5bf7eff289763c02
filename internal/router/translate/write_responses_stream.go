package translate

import "strconv"

// responsesStream writes a reply as the events of /v1/responses.
type responsesStream struct {
	*Call
	reply    *reply
	sequence int // how many events were written
}

// beginEvent appends the beginning of an event, up to the members of its type.
func (w *responsesStream) beginEvent(dst []byte, kind string) []byte {
	dst = append(dst, "event: "...)
	dst = append(dst, kind...)
	dst = append(dst, "\ndata: {\"type\":\""...)
	dst = append(dst, kind...)
	dst = append(dst, `","sequence_number":`...)
	dst = strconv.AppendInt(dst, int64(w.sequence), 10)
	w.sequence++
	return dst
}

// beginItemEvent appends the beginning of an event about an item.
func (w *responsesStream) beginItemEvent(dst []byte, kind string, b *block) []byte {
	dst = appendTextMember(w.beginEvent(dst, kind), "item_id", w.itemID(b))
	return appendNumberMember(dst, "output_index", b.index)
}

// beginPartEvent appends the beginning of an event about the only part of an item.
func (w *responsesStream) beginPartEvent(dst []byte, kind string, b *block) []byte {
	dst = w.beginItemEvent(dst, kind, b)
	switch b.kind {
	case thinkingPart:
		return appendNumberMember(dst, "summary_index", 0)
	case callPart:
		return dst
	}
	return appendNumberMember(dst, "content_index", 0)
}

// appendResponseEvent appends an event with the response so far.
func (w *responsesStream) appendResponseEvent(dst []byte, kind, status string, f *failure) []byte {
	dst = appendKey(w.beginEvent(dst, kind), "response")
	dst = w.appendResponse(dst, w.reply, status, f)
	return append(dst, "}\n\n"...)
}

// appendItemEvent appends an event with an item.
func (w *responsesStream) appendItemEvent(dst []byte, kind string, b *block, status string) []byte {
	dst = appendNumberMember(w.beginEvent(dst, kind), "output_index", b.index)
	dst = w.appendItem(appendKey(dst, "item"), b, status)
	return append(dst, "}\n\n"...)
}

// appendPartEvent appends an event with the only part of an item.
func (w *responsesStream) appendPartEvent(dst []byte, kind string, b *block, text []byte) []byte {
	dst = appendKey(w.beginPartEvent(dst, kind, b), "part")
	if b.kind == thinkingPart {
		dst = append(appendText(append(dst, `{"type":"summary_text","text":`...), text), '}')
	} else {
		dst = appendContentPart(dst, b, text)
	}
	return append(dst, "}\n\n"...)
}

func (w *responsesStream) start(dst []byte, _ *reply) []byte {
	dst = w.appendResponseEvent(dst, "response.created", "in_progress", nil)
	return w.appendResponseEvent(dst, "response.in_progress", "in_progress", nil)
}

func (w *responsesStream) open(dst []byte, b *block) []byte {
	dst = w.appendItemEvent(dst, "response.output_item.added", b, "in_progress")
	switch b.kind {
	case textPart, refusalPart:
		dst = w.appendPartEvent(dst, "response.content_part.added", b, nil)
	case thinkingPart:
		dst = w.appendPartEvent(dst, "response.reasoning_summary_part.added", b, nil)
	}
	return dst
}

// eventNames returns the names of the events of a block's text: for each piece, and for the
// end, with the member that holds the whole text at the end.
func eventNames(b *block) (delta, done, member string) {
	switch {
	case b.kind == thinkingPart:
		return "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done", "text"
	case b.kind == refusalPart:
		return "response.refusal.delta", "response.refusal.done", "refusal"
	case b.tool.custom:
		return "response.custom_tool_call_input.delta", "response.custom_tool_call_input.done", "input"
	case b.kind == callPart:
		return "response.function_call_arguments.delta", "response.function_call_arguments.done", "arguments"
	}
	return "response.output_text.delta", "response.output_text.done", "text"
}

func (w *responsesStream) delta(dst []byte, b *block, piece []byte) []byte {
	kind, _, _ := eventNames(b)
	dst = appendTextMember(w.beginPartEvent(dst, kind, b), "delta", piece)
	if b.kind == textPart {
		dst = append(dst, `,"logprobs":[]`...)
	}
	return append(dst, "}\n\n"...)
}

func (w *responsesStream) close(dst []byte, b *block) []byte {
	if b.kind != redactedPart {
		_, kind, member := eventNames(b)
		text := b.text
		if b.tool.custom {
			text = b.input.text
		}
		dst = w.beginPartEvent(dst, kind, b)
		if b.kind == callPart {
			dst = appendTextMember(dst, "name", b.tool.name)
		}
		dst = appendTextMember(dst, member, text)
		if b.kind == textPart {
			dst = append(dst, `,"logprobs":[]`...)
		}
		dst = append(dst, "}\n\n"...)
	}
	switch b.kind {
	case textPart, refusalPart:
		dst = w.appendPartEvent(dst, "response.content_part.done", b, b.text)
	case thinkingPart:
		dst = w.appendPartEvent(dst, "response.reasoning_summary_part.done", b, b.text)
	}
	return w.appendItemEvent(dst, "response.output_item.done", b, statusOfItem(b))
}

func (w *responsesStream) finish(dst []byte, r *reply) []byte {
	return w.appendResponseEvent(dst, "response."+statusOf(r), statusOf(r), nil)
}

func (w *responsesStream) fail(dst []byte, f *failure) []byte {
	return w.appendResponseEvent(dst, "response.failed", "failed", f)
}
