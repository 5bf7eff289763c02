package translate

import "bytes"

// appendChat appends the request in the form of /v1/chat/completions.
func (r *request) appendChat(dst []byte) []byte {
	r.checkChoice()
	dst = append(dst, '{')
	if r.model != nil {
		dst = appendMember(dst, "model", r.model)
	}
	dst = append(appendKey(dst, "messages"), '[')
	if system := r.parts[r.system.from:r.system.to]; len(system) > 0 {
		dst = append(r.appendContent(append(dst, `{"role":"system","content":`...), system), '}')
	}
	for i := range r.turns {
		dst = r.appendChatTurn(dst, &r.turns[i])
	}
	dst = append(dst, ']')
	if !isNull(r.maxTokens) {
		name := r.opts.MaxTokensName
		if name == "" {
			name = "max_tokens"
		}
		dst = appendMember(dst, name, r.maxTokens)
	}
	dst = r.appendParams(dst)
	if r.stream {
		dst = append(dst, `,"stream":true,"stream_options":{"include_usage":true}`...)
	}
	dst = r.appendChatTools(dst)
	dst = r.appendEffort(dst)
	dst = r.appendChatFormat(dst)
	return append(dst, '}')
}

// appendChatTurn appends the messages of a turn: tool results first, then one message with
// the rest.
func (r *request) appendChatTurn(dst []byte, t *turn) []byte {
	parts := r.parts[t.from:t.to]
	switch t.role {
	case systemRole:
		return append(r.appendContent(append(appendComma(dst), `{"role":"system","content":`...), parts), '}')
	case assistantRole:
		return r.appendChatAssistant(dst, parts)
	}
	var rest []part
	for i := range parts {
		p := &parts[i]
		if p.kind != resultPart {
			continue
		}
		dst = r.appendChatResult(dst, p)
		for _, inner := range r.result(p) {
			if inner.kind != textPart {
				rest = append(rest, inner)
			}
		}
	}
	for i := range parts {
		if parts[i].kind != resultPart {
			if rest == nil && !hasResult(parts) {
				rest = parts
				break
			}
			rest = append(rest, parts[i])
		}
	}
	if len(rest) == 0 {
		return dst
	}
	return append(r.appendContent(append(appendComma(dst), `{"role":"user","content":`...), rest), '}')
}

func hasResult(parts []part) bool {
	for i := range parts {
		if parts[i].kind == resultPart {
			return true
		}
	}
	return false
}

// appendChatResult appends a tool's result. Chat takes only text there: the caller puts
// images and files into the user's next message.
func (r *request) appendChatResult(dst []byte, p *part) []byte {
	dst = append(appendComma(dst), `{"role":"tool","tool_call_id":`...)
	dst = appendText(dst, p.id)
	dst = append(dst, `,"content":"`...)
	inner, texts := r.result(p), 0
	for i := range inner {
		if inner[i].kind != textPart {
			continue
		}
		switch {
		case texts > 0:
			dst = append(dst, textSeparator...)
		case p.isError && !saysError(inner[i].text):
			dst = append(dst, "Error: "...)
		}
		dst = append(dst, inner[i].text...)
		texts++
	}
	switch {
	case texts > 0:
	case p.isError:
		dst = append(dst, "Error: the tool failed"...)
	case len(inner) > 0:
		dst = append(dst, "The result follows in the next message of the user."...)
	}
	return append(dst, '"', '}')
}

// saysError reports whether a text begins with the word error.
func saysError(text []byte) bool {
	return len(text) >= 5 && bytes.EqualFold(text[:5], []byte("error"))
}

// textSeparator separates texts that are joined. It is an empty line, as a text.
const textSeparator = `\n\n`

// appendChatAssistant appends what the model said and the tools that it called.
func (r *request) appendChatAssistant(dst []byte, parts []part) []byte {
	dst = append(appendComma(dst), `{"role":"assistant"`...)
	texts, calls := r.scratch[:0], 0
	for i := range parts {
		switch parts[i].kind {
		case callPart:
			calls++
		case thinkingPart, redactedPart:
		default:
			texts = append(texts, parts[i])
		}
	}
	r.scratch = texts
	dst = appendKey(r.appendReasoning(dst, parts), "content")
	switch {
	case len(texts) > 0:
		dst = r.appendContent(dst, texts)
	case calls > 0:
		dst = append(dst, "null"...)
	default:
		dst = append(dst, '"', '"')
	}
	if calls > 0 {
		dst = r.appendChatCalls(dst, parts)
	}
	return append(dst, '}')
}

// appendReasoning appends the thinking that the upstream wants back, and drops the rest.
func (r *request) appendReasoning(dst []byte, parts []part) []byte {
	var reasoning [][]byte
	hasDetails := false
	for i := range parts {
		p := &parts[i]
		isOfCall := bytes.HasPrefix(p.id, []byte(callSignature)) && len(p.text) == 0 // appendChatCalls writes it
		switch {
		case p.kind != thinkingPart && p.kind != redactedPart:
		case p.kind == redactedPart:
			r.dropThinking()
		case r.opts.ReasoningBack && isChatSignature(p.id):
			reasoning = append(reasoning, p.text)
		case r.opts.Details && bytes.HasPrefix(p.id, []byte(detailSignature)):
			hasDetails = true
		case !r.opts.Thoughts || !isOfCall:
			r.dropThinking()
		}
	}
	if len(reasoning) > 0 {
		dst = appendTextMember(dst, "reasoning_content", bytes.Join(reasoning, []byte(textSeparator)))
	}
	if hasDetails {
		dst = r.appendDetails(dst, parts)
	}
	return dst
}

// dropThinking records that thinking of the conversation was left out, because it came from
// another upstream or because this one does not take it.
func (r *request) dropThinking() {
	switch r.from {
	case Messages:
		r.drop("messages.content.", "thinking")
	case Responses:
		r.drop("input.", "reasoning")
	case Gemini:
		r.drop(partsPath, "thoughtSignature")
	}
}

// appendContent appends texts, images and files: as one string if they can be joined, else
// as a list.
func (r *request) appendContent(dst []byte, parts []part) []byte {
	if r.canJoin(parts) {
		dst = append(dst, '"')
		for i := range parts {
			if i > 0 {
				dst = append(dst, textSeparator...)
			}
			dst = append(dst, parts[i].text...)
		}
		return append(dst, '"')
	}
	dst = append(dst, '[')
	for i := range parts {
		dst = r.appendChatPart(dst, &parts[i])
	}
	return append(dst, ']')
}

// canJoin reports whether the parts can be one string.
func (r *request) canJoin(parts []part) bool {
	for i := range parts {
		if parts[i].kind != textPart && parts[i].kind != refusalPart {
			return false
		}
	}
	return len(parts) < 2 || !r.opts.TextParts
}

func (r *request) appendChatPart(dst []byte, p *part) []byte {
	dst = appendComma(dst)
	switch p.kind {
	case imagePart:
		r.checkPart(p)
		dst = appendAddress(append(dst, `{"type":"image_url","image_url":{"url":`...), p)
		if len(p.id) > 0 {
			dst = appendTextMember(dst, "detail", p.id)
		}
		return append(dst, '}', '}')
	case filePart:
		r.checkPart(p)
		if p.media == nil {
			r.refuse("document.source.url", "the upstream takes no address of a file; send its data as base64")
		}
		dst = append(dst, `{"type":"file","file":{`...)
		dst = appendTextMember(dst, "filename", fileName(p))
		dst = appendAddress(appendKey(dst, "file_data"), p)
		return append(dst, '}', '}')
	}
	dst = appendText(append(dst, `{"type":"text","text":`...), p.text)
	return append(dst, '}')
}

// fileName returns the name of a file, or a made-up one, since upstreams demand a name.
func fileName(p *part) []byte {
	if len(p.name) > 0 {
		return p.name
	}
	return []byte("document.pdf")
}

// checkPart refuses an image or a file that the upstream's model does not take.
func (r *request) checkPart(p *part) {
	switch {
	case p.kind == imagePart && r.opts.NoImages:
		r.refuse("image", "the upstream's model takes no images; use another model or leave the image out")
	case p.kind == filePart && r.opts.NoFiles:
		r.refuse("document", "the upstream's model takes no files; use another model or send the text")
	}
}

func (r *request) appendChatFormat(dst []byte) []byte {
	f := &r.format
	switch {
	case f.isObject:
		return append(appendKey(dst, "response_format"), `{"type":"json_object"}`...)
	case f.schema == nil:
		return dst
	}
	dst = append(appendKey(dst, "response_format"), `{"type":"json_schema","json_schema":{`...)
	return append(f.appendSchemaMembers(dst), '}', '}')
}

// appendSchemaMembers appends the members of a JSON schema format in OpenAI's two dialects.
func (f *format) appendSchemaMembers(dst []byte) []byte {
	name := f.name
	if len(name) == 0 {
		name = []byte("reply")
	}
	dst = appendTextMember(dst, "name", name)
	if len(f.description) > 0 {
		dst = appendTextMember(dst, "description", f.description)
	}
	dst = appendMember(dst, "schema", f.schema)
	switch {
	case !isNull(f.strict):
		dst = appendMember(dst, "strict", f.strict)
	case f.name == nil: // the format is Anthropic's or Google's, whose formats are always strict
		dst = append(dst, `,"strict":true`...)
	}
	return dst
}
