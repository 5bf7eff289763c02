package translate

import "strconv"

// appendMessagesReply appends a reply in the form of /v1/messages.
func (c *Call) appendMessagesReply(dst []byte, r *reply) []byte {
	dst = c.appendMessagesHead(dst, r)
	dst = append(dst, `,"content":[`...)
	for _, b := range r.blocks {
		dst = appendMessagesBlock(appendComma(dst), b)
	}
	dst = append(dst, `],"stop_reason":`...)
	dst = appendStopReason(dst, r)
	dst = append(dst, `,"usage":`...)
	return append(appendMessagesUsage(dst, &r.usage), '}')
}

// appendMessagesHead appends the members of a message that are known at its start.
func (c *Call) appendMessagesHead(dst []byte, r *reply) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendText(dst, c.replyID(r, "msg_"))
	dst = append(dst, `,"type":"message","role":"assistant","model":`...)
	return appendText(dst, c.replyModel(r))
}

// appendMessagesBlock appends a complete content block.
func appendMessagesBlock(dst []byte, b *block) []byte {
	switch b.kind {
	case thinkingPart:
		dst = appendText(append(dst, `{"type":"thinking","thinking":`...), b.text)
		dst = appendTextMember(dst, "signature", b.signature)
	case redactedPart:
		dst = appendText(append(dst, `{"type":"redacted_thinking","data":`...), b.signature)
	case callPart:
		dst = appendMessagesCall(dst, b)
		if isObject(b.plain) {
			return append(append(dst, b.plain...), '}')
		}
		return append(dst, '{', '}', '}') // the limit of tokens cut it off
	default:
		dst = appendText(append(dst, `{"type":"text","text":`...), b.text)
	}
	return append(dst, '}')
}

// appendMessagesCall appends a call up to its input.
func appendMessagesCall(dst []byte, b *block) []byte {
	dst = appendText(append(dst, `{"type":"tool_use","id":`...), b.id)
	dst = appendTextMember(dst, "name", b.tool.name)
	return append(dst, `,"input":`...)
}

// appendStopReason appends the value of stop_reason and the member stop_sequence.
func appendStopReason(dst []byte, r *reply) []byte {
	reason := "end_turn"
	switch r.finish {
	case finishLength:
		reason = "max_tokens"
	case finishTools:
		reason = "tool_use"
	case finishFilter:
		reason = "refusal"
	case finishSequence:
		reason = "stop_sequence"
	case finishPause:
		reason = "pause_turn"
	case finishStop:
		if b := r.last(); b != nil && b.kind == refusalPart {
			reason = "refusal"
		}
	}
	dst = appendText(dst, []byte(reason))
	dst = append(dst, `,"stop_sequence":`...)
	if r.finish == finishSequence {
		return appendText(dst, r.stopSequence)
	}
	return append(dst, "null"...)
}

// appendMessagesUsage appends the usage. Anthropic's input_tokens exclude cached tokens.
func appendMessagesUsage(dst []byte, u *usage) []byte {
	dst = append(dst, `{"input_tokens":`...)
	dst = strconv.AppendInt(dst, int64(u.input-u.cacheRead-u.cacheWrite), 10)
	dst = appendNumberMember(dst, "cache_creation_input_tokens", u.cacheWrite)
	dst = u.appendCacheCreation(dst, "cache_creation")
	dst = appendNumberMember(dst, "cache_read_input_tokens", u.cacheRead)
	dst = appendNumberMember(dst, "output_tokens", u.output)
	return append(dst, '}')
}
