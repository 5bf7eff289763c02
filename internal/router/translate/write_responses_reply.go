package translate

import "bytes"

// appendResponsesReply appends a reply in the form of /v1/responses.
func (c *Call) appendResponsesReply(dst []byte, r *reply) []byte {
	return c.appendResponse(dst, r, statusOf(r), nil)
}

// statusOf returns the status of a reply that ended without an error.
func statusOf(r *reply) string {
	if r.finish == finishLength || r.finish == finishFilter {
		return "incomplete"
	}
	return "completed"
}

// appendResponse appends the response object. f is the error of a response that failed,
// else nil.
func (c *Call) appendResponse(dst []byte, r *reply, status string, f *failure) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendText(dst, c.replyID(r, "resp_"))
	dst = append(dst, `,"object":"response","created_at":`...)
	dst = c.appendCreated(dst, r)
	dst = appendTextMember(dst, "status", []byte(status))
	dst = appendTextMember(dst, "model", c.replyModel(r))
	dst = append(dst, `,"error":`...)
	dst = appendResponseError(dst, f)
	dst = append(dst, `,"incomplete_details":`...)
	switch {
	case status != "incomplete":
		dst = append(dst, "null"...)
	case r.finish == finishLength:
		dst = append(dst, `{"reason":"max_output_tokens"}`...)
	default:
		dst = append(dst, `{"reason":"content_filter"}`...)
	}
	dst = append(dst, `,"output":[`...)
	if status == "completed" || status == "incomplete" {
		for _, b := range r.blocks {
			dst = c.appendItem(appendComma(dst), b, statusOfItem(b))
		}
	}
	dst = append(dst, ']')
	dst = c.echo.append(dst)
	dst = append(dst, `,"usage":`...)
	if status == "completed" || status == "incomplete" {
		return append(appendResponsesUsage(dst, &r.usage), '}')
	}
	return append(dst, "null}"...)
}

// appendResponseError appends the error of a response; null when f is nil.
func appendResponseError(dst []byte, f *failure) []byte {
	if f == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"code":`...)
	start := len(dst)
	dst = f.appendCode(dst)
	if string(dst[start:]) == "null" {
		dst = append(dst[:start], `"server_error"`...)
	}
	return append(appendTextMember(dst, "message", f.message), '}')
}

// statusOfItem returns the status of an item that is closed.
func statusOfItem(b *block) string {
	if b.kind == callPart && !b.tool.custom && !isObject(b.plain) {
		return "incomplete"
	}
	return "completed"
}

// itemID returns the id of the item for a block.
func (c *Call) itemID(b *block) []byte {
	prefix := "msg_"
	switch {
	case b.kind == thinkingPart || b.kind == redactedPart:
		prefix = "rs_"
	case b.tool.custom:
		prefix = "ctc_"
	case b.kind == callPart:
		prefix = "fc_"
	}
	return (&assembler{Call: c}).makeID(prefix, b.index)
}

// appendItem appends an item, without its content if the status is in_progress.
func (c *Call) appendItem(dst []byte, b *block, status string) []byte {
	isWhole := status != "in_progress"
	dst = appendText(append(dst, `{"id":`...), c.itemID(b))
	switch b.kind {
	case thinkingPart, redactedPart:
		return appendReasoningItem(dst, b, isWhole)
	case callPart:
		return appendCallItem(dst, b, status)
	}
	dst = append(dst, `,"type":"message","role":"assistant"`...)
	dst = appendTextMember(dst, "status", []byte(status))
	dst = append(dst, `,"content":[`...)
	if isWhole {
		dst = appendContentPart(dst, b, b.text)
	}
	return append(dst, ']', '}')
}

func appendReasoningItem(dst []byte, b *block, isWhole bool) []byte {
	dst = append(dst, `,"type":"reasoning","summary":[`...)
	if isWhole && len(b.text) > 0 {
		dst = append(appendText(append(dst, `{"type":"summary_text","text":`...), b.text), '}')
	}
	dst = append(dst, ']')
	if isWhole && len(b.signature) > 0 {
		dst = appendTextMember(dst, "encrypted_content", b.signature)
	}
	return append(dst, '}')
}

func appendCallItem(dst []byte, b *block, status string) []byte {
	kind, member, value := "function_call", "arguments", b.text
	if b.tool.custom {
		kind, member, value = "custom_tool_call", "input", b.input.text
	}
	if status == "in_progress" {
		value = nil
	}
	dst = appendTextMember(dst, "type", []byte(kind))
	dst = appendTextMember(dst, "status", []byte(status))
	dst = appendTextMember(dst, "call_id", b.id)
	dst = appendTextMember(dst, "name", b.tool.name)
	if len(b.tool.namespace) > 0 {
		dst = appendTextMember(dst, "namespace", b.tool.namespace)
	}
	return append(appendTextMember(dst, member, value), '}')
}

// appendContentPart appends the part of a message that holds its text.
func appendContentPart(dst []byte, b *block, text []byte) []byte {
	if b.kind == refusalPart {
		return append(appendText(append(dst, `{"type":"refusal","refusal":`...), text), '}')
	}
	dst = appendText(append(dst, `{"type":"output_text","text":`...), text)
	return append(dst, `,"annotations":[],"logprobs":[]}`...)
}

func appendResponsesUsage(dst []byte, u *usage) []byte {
	dst = appendNumberMember(append(dst, '{'), "input_tokens", u.input)
	dst = append(dst, `,"input_tokens_details":{`...)
	dst = appendNumberMember(dst, "cached_tokens", u.cacheRead)
	dst = appendNumberMember(dst, "cache_write_tokens", u.cacheWrite)
	dst = u.appendCacheCreation(dst, "cache_creation_token_details") // LiteLLM's name
	dst = appendNumberMember(append(dst, '}'), "output_tokens", u.output)
	dst = append(dst, `,"output_tokens_details":{`...)
	dst = appendNumberMember(dst, "reasoning_tokens", u.reasoning)
	dst = appendNumberMember(append(dst, '}'), "total_tokens", u.input+u.output)
	return append(dst, '}')
}

// joinTexts returns the texts of all blocks of a kind, with nothing between them.
func joinTexts(r *reply, kind partKind) []byte {
	var texts [][]byte
	for _, b := range r.blocks {
		if b.kind == kind {
			texts = append(texts, b.text)
		}
	}
	return bytes.Join(texts, nil)
}
