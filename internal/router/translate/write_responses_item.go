package translate

import "bytes"

// appendTurnItems appends the items of a turn: first its tool results, then a message for
// each run of texts, images and files, and an item for anything else.
func (r *request) appendTurnItems(dst []byte, t *turn) []byte {
	parts := r.parts[t.from:t.to]
	for i := range parts {
		if parts[i].kind == resultPart {
			dst = r.appendOutputItem(dst, &parts[i])
		}
	}
	for from := 0; from < len(parts); {
		to := from
		for to < len(parts) && isContent(parts[to].kind) {
			to++
		}
		if to > from {
			dst = r.appendMessageItem(dst, t.role, parts[from:to])
			from = to
			continue
		}
		switch p := &parts[from]; p.kind {
		case callPart:
			dst = r.appendCallItem(dst, p)
		case thinkingPart:
			dst = r.appendThinkingItem(dst, p)
		case redactedPart:
			r.dropThinking()
		}
		from++
	}
	return dst
}

// isContent reports whether parts of the kind belong in a message.
func isContent(kind partKind) bool {
	switch kind {
	case textPart, refusalPart, imagePart, filePart:
		return true
	}
	return false
}

func (r *request) appendMessageItem(dst []byte, role role, parts []part) []byte {
	name, text := "user", `{"type":"input_text","text":`
	switch role {
	case systemRole:
		name = "developer"
	case assistantRole:
		name, text = "assistant", `{"type":"output_text","text":`
	}
	dst = appendText(append(appendComma(dst), `{"type":"message","role":`...), []byte(name))
	dst = append(appendKey(dst, "content"), '[')
	for i := range parts {
		dst = r.appendInputPart(dst, &parts[i], text)
	}
	return append(dst, ']', '}')
}

// appendInputPart appends a part of a message or of a tool's output. text is the beginning
// of a part with text.
func (r *request) appendInputPart(dst []byte, p *part, text string) []byte {
	dst = appendComma(dst)
	switch p.kind {
	case imagePart:
		r.checkPart(p)
		dst = appendAddress(append(dst, `{"type":"input_image","image_url":`...), p)
		if len(p.id) > 0 {
			dst = appendTextMember(dst, "detail", p.id)
		}
		return append(dst, '}')
	case filePart:
		r.checkPart(p)
		if p.media == nil {
			return append(appendAddress(append(dst, `{"type":"input_file","file_url":`...), p), '}')
		}
		dst = appendText(append(dst, `{"type":"input_file","filename":`...), fileName(p))
		return append(appendAddress(appendKey(dst, "file_data"), p), '}')
	case refusalPart:
		return append(appendText(append(dst, `{"type":"refusal","refusal":`...), p.text), '}')
	}
	return append(appendText(append(dst, text...), p.text), '}')
}

func (r *request) appendCallItem(dst []byte, p *part) []byte {
	kind := `{"type":"function_call","call_id":`
	if p.custom {
		kind = `{"type":"custom_tool_call","call_id":`
	}
	dst = appendText(append(appendComma(dst), kind...), p.id)
	dst = appendTextMember(dst, "name", r.upstreamName(p.namespace, p.name, false))
	if p.custom {
		return append(appendTextMember(dst, "input", p.text), '}')
	}
	dst = append(appendArguments(append(appendKey(dst, "arguments"), '"'), p), '"')
	return append(dst, '}')
}

func (r *request) appendOutputItem(dst []byte, p *part) []byte {
	kind := `{"type":"function_call_output","call_id":`
	if p.custom || r.isCustomCall(p.id) {
		kind = `{"type":"custom_tool_call_output","call_id":`
	}
	dst = appendText(append(appendComma(dst), kind...), p.id)
	dst = appendKey(dst, "output")
	inner := r.result(p)
	if !isAllText(inner) {
		dst = append(dst, '[')
		for i := range inner {
			dst = r.appendInputPart(dst, &inner[i], `{"type":"input_text","text":`)
		}
		return append(dst, ']', '}')
	}
	dst = append(dst, '"')
	for i := range inner {
		switch {
		case i > 0:
			dst = append(dst, textSeparator...)
		case p.isError && !saysError(inner[i].text):
			dst = append(dst, "Error: "...)
		}
		dst = append(dst, inner[i].text...)
	}
	if p.isError && len(inner) == 0 {
		dst = append(dst, "Error: the tool failed"...)
	}
	return append(dst, '"', '}')
}

// isCustomCall reports whether the call with that id passed a plain text. In the chat
// dialect only the call tells, not its result.
func (r *request) isCustomCall(id []byte) bool {
	for i := len(r.parts) - 1; i >= 0 && r.hasCustom; i-- {
		if p := &r.parts[i]; p.kind == callPart && p.custom && bytes.Equal(p.id, id) {
			return true
		}
	}
	return false
}

func isAllText(parts []part) bool {
	for i := range parts {
		if parts[i].kind != textPart {
			return false
		}
	}
	return true
}

// appendThinkingItem appends reasoning that came from an upstream of this dialect.
func (r *request) appendThinkingItem(dst []byte, p *part) []byte {
	own, ok := unmarkSignature(responsesSignature, p.id)
	colon := bytes.IndexByte(own, ':')
	if !ok || colon < 0 {
		r.dropThinking()
		return dst
	}
	dst = append(appendComma(dst), `{"type":"reasoning"`...)
	if colon > 0 {
		dst = appendTextMember(dst, "id", own[:colon])
	}
	dst = append(appendKey(dst, "summary"), '[')
	if len(p.text) > 0 {
		dst = append(appendText(append(dst, `{"type":"summary_text","text":`...), p.text), '}')
	}
	dst = append(dst, ']')
	if len(own) > colon+1 {
		dst = appendTextMember(dst, "encrypted_content", own[colon+1:])
	}
	return append(dst, '}')
}
