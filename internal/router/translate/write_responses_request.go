package translate

import "bytes"

// leastOutput is the smallest limit that OpenAI's /v1/responses takes. Claude Code
// asks for a single token to see whether a model answers.
const leastOutput = 16

// appendResponses appends the request as /v1/responses takes it. Nothing is to
// be stored there: the client sends the whole conversation every time.
func (r *request) appendResponses(dst []byte) []byte {
	r.checkChoice()
	dst = append(dst, '{')
	if r.model != nil {
		dst = appendMember(dst, "model", r.model)
	}
	if lead := r.parts[r.lead.from:r.lead.to]; len(lead) > 0 {
		dst = append(appendKey(dst, "instructions"), '"')
		for i := range lead {
			if i > 0 {
				dst = append(dst, textSeparator...)
			}
			dst = append(dst, lead[i].text...)
		}
		dst = append(dst, '"')
	}
	dst = append(appendKey(dst, "input"), '[')
	for i := range r.turns {
		dst = r.appendTurnItems(dst, &r.turns[i])
	}
	dst = append(dst, ']')
	switch most := wholeNumber(r.most); {
	case isNull(r.most):
	case most >= 0 && most < leastOutput:
		dst = appendNumberMember(dst, "max_output_tokens", leastOutput)
	default:
		dst = appendMember(dst, "max_output_tokens", r.most)
	}
	dst = r.appendParams(dst)
	if isNull(r.params[store]) {
		dst = append(dst, `,"store":false`...)
	}
	dst = append(dst, `,"include":["reasoning.encrypted_content"]`...)
	if r.stream {
		dst = append(dst, `,"stream":true`...)
	}
	dst = r.appendResponsesTools(dst)
	if r.effort.level != nil && !r.effort.off {
		dst = append(appendTextMember(append(appendKey(dst, "reasoning"), '{'), "effort", r.effort.level), '}')
	} else if r.effort.member != "" && !r.effort.off {
		r.drop("", r.effort.member)
	}
	return append(r.appendTextOptions(dst), '}')
}

// appendTextOptions appends the member text, which holds the format and the verbosity.
func (r *request) appendTextOptions(dst []byte) []byte {
	verbose := r.params[verbosity]
	if !r.format.isSet() && isNull(verbose) {
		return dst
	}
	dst = append(appendKey(dst, "text"), '{')
	switch {
	case r.format.isObject:
		dst = append(appendKey(dst, "format"), `{"type":"json_object"}`...)
	case r.format.schema != nil:
		dst = append(appendKey(dst, "format"), `{"type":"json_schema"`...)
		dst = append(r.format.appendSchemaMembers(dst), '}')
	}
	if !isNull(verbose) {
		dst = appendMember(dst, "verbosity", verbose)
	}
	return append(dst, '}')
}

// appendTurnItems appends the items of a turn: a message for each run of its
// texts and images, an item for everything else. Tool results come first.
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

// isContent reports whether a part belongs into a message.
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

// appendInputPart appends a part of a message or of a tool's output.
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

// isCustomCall reports whether a call of the history passed a plain text: chat
// says it of the call and not of its result.
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
	own, ok := ownSignature(responsesSignature, p.id)
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

func (r *request) appendResponsesTools(dst []byte) []byte {
	if len(r.tools) == 0 {
		return dst
	}
	dst = append(appendKey(dst, "tools"), '[')
	for i := range r.tools {
		t := &r.tools[i]
		name := r.upstreamName(t.namespace, t.name, false)
		if t.custom {
			dst = appendText(append(appendComma(dst), `{"type":"custom","name":`...), name)
			if len(t.description) > 0 {
				dst = appendTextMember(dst, "description", t.description)
			}
			if len(t.grammar) > 0 {
				dst = appendMember(dst, "format", t.grammar)
			}
			dst = append(dst, '}')
			continue
		}
		dst = appendText(append(appendComma(dst), `{"type":"function","name":`...), name)
		dst = t.appendDescription(dst)
		dst = appendSchema(appendKey(dst, "parameters"), t)
		if isNull(t.strict) {
			dst = append(dst, `,"strict":false`...) // this dialect's own default is true
		} else {
			dst = appendMember(dst, "strict", t.strict)
		}
		dst = append(dst, '}')
	}
	dst = append(dst, ']')
	switch r.choice.mode {
	case choiceTool:
		dst = append(appendKey(dst, "tool_choice"), `{"type":"`...)
		dst = append(append(dst, r.kindOf(r.choice.name)...), `","name":`...)
		dst = append(appendText(dst, r.upstreamName(r.choice.namespace, r.choice.name, false)), '}')
	default:
		dst = r.appendChatChoice(dst)
	}
	if !isNull(r.parallel) {
		dst = appendMember(dst, "parallel_tool_calls", r.parallel)
	}
	return dst
}

// kindOf returns the type of a tool as this dialect calls it.
func (r *request) kindOf(name []byte) string {
	for i := range r.tools {
		if r.tools[i].custom && bytes.Equal(r.tools[i].name, name) {
			return "custom"
		}
	}
	return "function"
}
