package translate

import "strconv"

// responsesStream writes a reply as the events of /v1/responses.
type responsesStream struct {
	*Call
	reply    *reply
	sequence int
}

// event appends the beginning of an event, up to its own members.
func (w *responsesStream) event(dst []byte, kind string) []byte {
	dst = append(dst, "event: "...)
	dst = append(dst, kind...)
	dst = append(dst, "\ndata: {\"type\":\""...)
	dst = append(dst, kind...)
	dst = append(dst, `","sequence_number":`...)
	dst = strconv.AppendInt(dst, int64(w.sequence), 10)
	w.sequence++
	return dst
}

// ofItem appends the beginning of an event about an item.
func (w *responsesStream) ofItem(dst []byte, kind string, b *block) []byte {
	dst = appendTextMember(w.event(dst, kind), "item_id", w.itemID(b))
	return appendNumberMember(dst, "output_index", b.index)
}

// ofPart appends the beginning of an event about the one part of an item.
func (w *responsesStream) ofPart(dst []byte, kind string, b *block) []byte {
	dst = w.ofItem(dst, kind, b)
	switch b.kind {
	case thinkingPart:
		return appendNumberMember(dst, "summary_index", 0)
	case callPart:
		return dst
	}
	return appendNumberMember(dst, "content_index", 0)
}

func (w *responsesStream) withResponse(dst []byte, kind, status string, f *failure) []byte {
	dst = appendKey(w.event(dst, kind), "response")
	dst = w.appendResponse(dst, w.reply, status, f)
	return append(dst, "}\n\n"...)
}

func (w *responsesStream) withItem(dst []byte, kind string, b *block, status string) []byte {
	dst = appendNumberMember(w.event(dst, kind), "output_index", b.index)
	dst = w.appendItem(appendKey(dst, "item"), b, status)
	return append(dst, "}\n\n"...)
}

// withPart appends an event that carries an item's one part.
func (w *responsesStream) withPart(dst []byte, kind string, b *block, text []byte) []byte {
	dst = appendKey(w.ofPart(dst, kind, b), "part")
	if b.kind == thinkingPart {
		dst = append(appendText(append(dst, `{"type":"summary_text","text":`...), text), '}')
	} else {
		dst = appendContentPart(dst, b, text)
	}
	return append(dst, "}\n\n"...)
}

func (w *responsesStream) start(dst []byte, _ *reply) []byte {
	dst = w.withResponse(dst, "response.created", "in_progress", nil)
	return w.withResponse(dst, "response.in_progress", "in_progress", nil)
}

func (w *responsesStream) open(dst []byte, b *block) []byte {
	dst = w.withItem(dst, "response.output_item.added", b, "in_progress")
	switch b.kind {
	case textPart, refusalPart:
		dst = w.withPart(dst, "response.content_part.added", b, nil)
	case thinkingPart:
		dst = w.withPart(dst, "response.reasoning_summary_part.added", b, nil)
	}
	return dst
}

// eventNames returns the events of a block's text: of each piece, and of its
// end with the name of the member that then holds the whole.
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
	dst = appendTextMember(w.ofPart(dst, kind, b), "delta", piece)
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
		dst = w.ofPart(dst, kind, b)
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
		dst = w.withPart(dst, "response.content_part.done", b, b.text)
	case thinkingPart:
		dst = w.withPart(dst, "response.reasoning_summary_part.done", b, b.text)
	}
	return w.withItem(dst, "response.output_item.done", b, statusOfItem(b))
}

func (w *responsesStream) finish(dst []byte, r *reply) []byte {
	return w.withResponse(dst, "response."+statusOf(r), statusOf(r), nil)
}

func (w *responsesStream) fail(dst []byte, f *failure) []byte {
	return w.withResponse(dst, "response.failed", "failed", f)
}
