package translate

import "strconv"

// messagesStream writes a reply as the events of /v1/messages.
type messagesStream struct{ *Call }

func (w *messagesStream) start(dst []byte, r *reply) []byte {
	dst = append(dst, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":"...)
	dst = w.appendMessagesHead(dst, r)
	dst = append(dst, `,"content":[],"stop_reason":null,"stop_sequence":null,"usage":`...)
	dst = appendMessagesUsage(dst, &r.usage)
	return append(dst, "}}\n\n"...)
}

func (w *messagesStream) open(dst []byte, b *block) []byte {
	dst = append(dst, "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":"...)
	dst = strconv.AppendInt(dst, int64(b.index), 10)
	dst = append(dst, `,"content_block":`...)
	switch b.kind {
	case thinkingPart:
		dst = append(dst, `{"type":"thinking","thinking":"","signature":""}`...)
	case redactedPart:
		dst = appendMessagesBlock(dst, b)
	case callPart:
		dst = append(appendMessagesCall(dst, b), "{}}"...)
	default:
		dst = append(dst, `{"type":"text","text":""}`...)
	}
	return append(dst, "}\n\n"...)
}

func (w *messagesStream) delta(dst []byte, b *block, piece []byte) []byte {
	switch b.kind {
	case thinkingPart:
		dst = appendBlockDelta(dst, b, `{"type":"thinking_delta","thinking":`)
	case callPart:
		dst = appendBlockDelta(dst, b, `{"type":"input_json_delta","partial_json":`)
	default:
		dst = appendBlockDelta(dst, b, `{"type":"text_delta","text":`)
	}
	dst = appendText(dst, piece)
	return append(dst, "}}\n\n"...)
}

func appendBlockDelta(dst []byte, b *block, delta string) []byte {
	dst = append(dst, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":"...)
	dst = strconv.AppendInt(dst, int64(b.index), 10)
	dst = append(dst, `,"delta":`...)
	return append(dst, delta...)
}

func (w *messagesStream) close(dst []byte, b *block) []byte {
	if b.kind == thinkingPart && len(b.signature) > 0 {
		dst = appendBlockDelta(dst, b, `{"type":"signature_delta","signature":`)
		dst = append(appendText(dst, b.signature), "}}\n\n"...)
	}
	dst = append(dst, "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":"...)
	dst = strconv.AppendInt(dst, int64(b.index), 10)
	return append(dst, "}\n\n"...)
}

func (w *messagesStream) finish(dst []byte, r *reply) []byte {
	dst = append(dst, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"...)
	dst = appendStopReason(dst, r)
	dst = append(dst, `},"usage":`...)
	dst = appendMessagesUsage(dst, &r.usage)
	return append(dst, "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"...)
}

func (w *messagesStream) fail(dst []byte, f *failure) []byte {
	dst = append(dst, "event: error\ndata: "...)
	return append(appendFailure(dst, Messages, f), '\n', '\n')
}
