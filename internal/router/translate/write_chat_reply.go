package translate

// appendChatReply appends a reply in the form of /v1/chat/completions.
func (c *Call) appendChatReply(dst []byte, r *reply) []byte {
	dst = c.appendChatHead(dst, r, "chat.completion")
	dst = append(dst, `,"choices":[{"index":0,"message":{"role":"assistant","content":`...)
	if text := joinTexts(r, textPart); len(text) > 0 {
		dst = appendText(dst, text)
	} else {
		dst = append(dst, "null"...)
	}
	if text := joinTexts(r, thinkingPart); len(text) > 0 {
		dst = appendTextMember(dst, "reasoning_content", text)
	}
	dst = append(dst, `,"refusal":`...)
	if text := joinTexts(r, refusalPart); len(text) > 0 {
		dst = appendText(dst, text)
	} else {
		dst = append(dst, "null"...)
	}
	calls := 0
	for _, b := range r.blocks {
		if b.kind != callPart {
			continue
		}
		if calls++; calls == 1 {
			dst = append(dst, `,"tool_calls":[`...)
		}
		dst = append(appendChatCallHead(append(appendComma(dst), '{'), b), b.callText()...)
		dst = append(dst, `"}}`...)
	}
	if calls > 0 {
		dst = append(dst, ']')
	}
	dst = append(dst, `},"logprobs":null,"finish_reason":`...)
	dst = append(dst, finishReason(r)...)
	dst = append(dst, `}],"usage":`...)
	return append(appendChatUsage(dst, &r.usage), '}')
}

// callText returns what a call passes to its tool: its arguments, or a custom tool's text.
func (b *block) callText() []byte {
	if b.tool.custom {
		return b.input.text
	}
	return b.text
}

// appendChatHead appends the members that a reply and each of its chunks begin with.
func (c *Call) appendChatHead(dst []byte, r *reply, object string) []byte {
	dst = appendText(append(dst, `{"id":`...), c.replyID(r, "chatcmpl-"))
	dst = appendTextMember(dst, "object", []byte(object))
	dst = c.appendCreated(appendKey(dst, "created"), r)
	return appendTextMember(dst, "model", c.replyModel(r))
}

// appendChatCallHead appends the members of a call up to the quote before its arguments.
func appendChatCallHead(dst []byte, b *block) []byte {
	kind, member := "function", "arguments"
	if b.tool.custom {
		kind, member = "custom", "input"
	}
	dst = appendTextMember(dst, "id", b.id)
	dst = appendTextMember(dst, "type", []byte(kind))
	dst = append(appendKey(dst, kind), '{')
	dst = appendTextMember(dst, "name", b.tool.name)
	return append(appendKey(dst, member), '"')
}

// finishReason returns the value of finish_reason as JSON.
func finishReason(r *reply) string {
	switch r.finish {
	case finishLength:
		return `"length"`
	case finishTools:
		return `"tool_calls"`
	case finishFilter:
		return `"content_filter"`
	}
	return `"stop"`
}

func appendChatUsage(dst []byte, u *usage) []byte {
	dst = appendNumberMember(append(dst, '{'), "prompt_tokens", u.input)
	dst = appendNumberMember(dst, "completion_tokens", u.output)
	dst = appendNumberMember(dst, "total_tokens", u.input+u.output)
	dst = append(dst, `,"prompt_tokens_details":{`...)
	dst = appendNumberMember(dst, "cached_tokens", u.cacheRead)
	dst = appendNumberMember(dst, "cache_write_tokens", u.cacheWrite)
	dst = u.appendCacheCreation(dst, "cache_creation_token_details") // LiteLLM's name
	dst = append(dst, `},"completion_tokens_details":{`...)
	dst = appendNumberMember(dst, "reasoning_tokens", u.reasoning)
	return append(dst, '}', '}')
}
