package translate

import "github.com/flowgate-go/flowgate/internal/router/dialect"

// geminiParts writes the parts of a reply in Google's dialect.
type geminiParts struct {
	*Call
	thinking []*block // blocks that the signature of the next part carries
}

// appendGeminiReply appends a reply in the form of models/M:generateContent.
func (c *Call) appendGeminiReply(dst []byte, r *reply) []byte {
	w := &geminiParts{Call: c}
	dst = append(dst, `{"candidates":[{"content":{"parts":[`...)
	for _, b := range r.blocks {
		switch b.kind {
		case thinkingPart, redactedPart:
			if c.thoughts && len(b.text) > 0 {
				dst = appendThought(appendComma(dst), b.text)
			}
			w.thinking = append(w.thinking, b)
		case callPart:
			dst = w.appendCall(appendComma(dst), b)
		default:
			dst = w.appendTextPart(appendComma(dst), b.text)
		}
	}
	if len(w.thinking) > 0 {
		dst = w.appendTextPart(appendComma(dst), nil)
	}
	dst = append(dst, `],"role":"model"},"finishReason":"`...)
	dst = append(append(dst, geminiFinish(r)...), `","index":0}]`...)
	dst = appendGeminiUsage(appendKey(dst, "usageMetadata"), &r.usage)
	return append(w.appendGeminiTail(dst, r), '}')
}

// appendThought appends a part with thinking that the client can read.
func appendThought(dst, text []byte) []byte {
	return append(appendText(append(dst, `{"text":`...), text), `,"thought":true}`...)
}

// appendTextPart appends a text, with the thinking before it in its signature.
func (w *geminiParts) appendTextPart(dst, text []byte) []byte {
	return append(w.appendSignature(appendText(append(dst, `{"text":`...), text)), '}')
}

// appendCall appends a call, with the thinking before it in its signature.
func (w *geminiParts) appendCall(dst []byte, b *block) []byte {
	dst = appendText(append(dst, `{"functionCall":{"id":`...), b.id)
	dst = appendTextMember(dst, "name", b.tool.name)
	dst = appendKey(dst, "args")
	if isObject(b.plain) {
		dst = append(dst, onOneLine(b.plain)...)
	} else {
		dst = append(dst, '{', '}') // the limit of tokens cut it off
	}
	return append(w.appendSignature(append(dst, '}')), '}')
}

// appendSignature appends the signature of the part that is being written, and forgets the
// thinking that it carries.
func (w *geminiParts) appendSignature(dst []byte) []byte {
	packed := w.packThinking(w.thinking)
	w.thinking = w.thinking[:0]
	if packed == nil {
		return dst
	}
	return appendTextMember(dst, "thoughtSignature", packed)
}

// appendGeminiTail appends the members that a reply and every event of a stream end with.
func (c *Call) appendGeminiTail(dst []byte, r *reply) []byte {
	dst = appendTextMember(dst, "modelVersion", c.replyModel(r))
	return appendTextMember(dst, "responseId", c.replyID(r, ""))
}

// geminiFinish returns the value of finishReason.
func geminiFinish(r *reply) string {
	switch r.finish {
	case finishLength:
		return "MAX_TOKENS"
	case finishFilter:
		return "SAFETY"
	}
	return "STOP"
}

// appendGeminiUsage appends the usage. Google counts thinking separately from the output.
func appendGeminiUsage(dst []byte, u *usage) []byte {
	thoughts := min(u.reasoning, u.output)
	dst = appendNumberMember(append(dst, '{'), "promptTokenCount", u.input)
	dst = appendNumberMember(dst, "candidatesTokenCount", u.output-thoughts)
	dst = appendNumberMember(dst, "totalTokenCount", u.input+u.output)
	if u.cacheRead > 0 {
		dst = appendNumberMember(dst, "cachedContentTokenCount", u.cacheRead)
	}
	if thoughts > 0 {
		dst = appendNumberMember(dst, "thoughtsTokenCount", thoughts)
	}
	return append(dst, '}')
}

// appendGeminiFailure appends an error in Google's form.
func appendGeminiFailure(dst []byte, f *failure) []byte {
	status := f.status
	if status < 400 {
		status = statusOfKind(f)
	}
	dst = appendNumberMember(append(dst, `{"error":{`...), "code", status)
	dst = appendTextMember(dst, "message", f.message)
	dst = appendTextMember(dst, "status", []byte(dialect.GoogleStatus(status)))
	return append(dst, '}', '}')
}

// statusOfKind returns the HTTP status that stands for the kind of an error.
func statusOfKind(f *failure) int {
	kind := f.anthropicKind()
	for status, name := range errorKinds {
		if name == kind && status != 422 {
			return status
		}
	}
	return 500
}
