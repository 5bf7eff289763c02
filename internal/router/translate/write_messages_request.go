package translate

import "encoding/json"

// defaultMaxTokens is the limit of a reply, in tokens, when neither the client nor the
// router's model data name one. Anthropic demands a limit.
const defaultMaxTokens = 8192

// appendMessages appends the request in the form of /v1/messages.
func (r *request) appendMessages(dst []byte) []byte {
	r.checkChoice()
	dst = append(dst, '{')
	if r.model != nil {
		dst = appendMember(dst, "model", r.model)
	}
	limit := wholeNumber(r.maxTokens)
	if isNull(r.maxTokens) {
		if limit = r.opts.MaxTokens; limit <= 0 {
			limit = defaultMaxTokens
		}
		dst = appendNumberMember(dst, "max_tokens", limit)
	} else {
		dst = appendMember(dst, "max_tokens", r.maxTokens)
	}
	if system := r.parts[r.system.from:r.system.to]; len(system) > 0 {
		dst = r.appendBlocks(appendKey(dst, "system"), system)
	}
	dst = append(appendKey(dst, "messages"), '[')
	dst = append(r.appendMessagesTurns(dst), ']')
	if r.stream {
		dst = append(dst, `,"stream":true`...)
	}
	dst = r.appendMessagesTools(dst)
	before := len(dst)
	dst = r.appendThinking(dst, limit)
	r.dropTemperature(dst[before:])
	return append(r.appendParams(dst), '}')
}

// dropTemperature drops a temperature other than 1 if the request makes the model think,
// which Anthropic refuses. thinking is what appendThinking appended.
func (r *request) dropTemperature(thinking []byte) {
	s := string(r.params[temperature])
	if startsWithMember(thinking, `"thinking":`) && s != "" && s != "null" && s != "1" && s != "1.0" {
		r.dropParam(r.memberPath(temperature))
		r.params[temperature] = nil
	}
}

// startsWithMember reports whether text follows the comma that members begin with.
func startsWithMember(members []byte, text string) bool {
	return len(members) > len(text) && string(members[1:1+len(text)]) == text
}

// appendMessagesTurns appends the conversation. Anthropic's roles alternate: a system
// message within the conversation becomes a text of the user.
func (r *request) appendMessagesTurns(dst []byte) []byte {
	last := systemRole
	for i := range r.turns {
		t := &r.turns[i]
		role, opening := userRole, `{"role":"user","content":[`
		if t.role == assistantRole {
			role, opening = assistantRole, `{"role":"assistant","content":[`
		}
		start := len(dst)
		if role == last {
			dst = dst[:len(dst)-2] // continue the last message
		} else {
			dst = append(appendComma(dst), opening...)
		}
		before := len(dst)
		dst = r.appendTurnBlocks(dst, r.parts[t.from:t.to])
		if len(dst) == before {
			if role != last {
				dst = dst[:start]
				continue
			}
		}
		dst = append(dst, ']', '}')
		last = role
	}
	return dst
}

// appendTurnBlocks appends the blocks of a turn, tool results first.
func (r *request) appendTurnBlocks(dst []byte, parts []part) []byte {
	for i := range parts {
		if parts[i].kind == resultPart {
			dst = r.appendBlock(dst, &parts[i])
		}
	}
	for i := range parts {
		if parts[i].kind != resultPart {
			dst = r.appendBlock(dst, &parts[i])
		}
	}
	return dst
}

// appendBlocks appends a content: a single text as a string, anything else as blocks.
func (r *request) appendBlocks(dst []byte, parts []part) []byte {
	if len(parts) == 1 && parts[0].kind == textPart {
		return appendText(dst, parts[0].text)
	}
	dst = append(dst, '[')
	for i := range parts {
		dst = r.appendBlock(dst, &parts[i])
	}
	return append(dst, ']')
}

// appendBlock appends a block. It leaves out thinking that came from another upstream.
func (r *request) appendBlock(dst []byte, p *part) []byte {
	if r.to == Converse {
		return r.appendCachedBlock(dst, p)
	}
	switch p.kind {
	case imagePart, filePart:
		r.checkPart(p)
		return r.appendSource(dst, p)
	case thinkingPart:
		if signature, ok := unmarkSignature(messagesSignature, p.id); ok {
			dst = appendText(append(appendComma(dst), `{"type":"thinking","thinking":`...), p.text)
			return append(appendTextMember(dst, "signature", signature), '}')
		}
		r.dropThinking()
		return dst
	case redactedPart:
		if data, ok := unmarkSignature(redactedSignature, p.id); ok {
			return append(appendText(append(appendComma(dst), `{"type":"redacted_thinking","data":`...), data), '}')
		}
		r.dropThinking()
		return dst
	case callPart:
		dst = appendText(append(appendComma(dst), `{"type":"tool_use","id":`...), p.id)
		dst = appendTextMember(dst, "name", r.upstreamName(p.namespace, p.name, p.custom))
		return append(r.appendInput(appendKey(dst, "input"), p), '}')
	case resultPart:
		return r.appendToolResult(dst, p)
	}
	return append(appendText(append(appendComma(dst), `{"type":"text","text":`...), p.text), '}')
}

// appendSource appends the block of an image or a file.
func (r *request) appendSource(dst []byte, p *part) []byte {
	kind := "image"
	if len(p.id) > 0 && string(p.id) != "auto" {
		r.dropDetail()
	}
	if p.kind == filePart {
		kind = "document"
	}
	dst = appendTextMember(append(appendComma(dst), '{'), "type", []byte(kind))
	if p.media == nil {
		dst = appendText(append(dst, `,"source":{"type":"url","url":`...), p.text)
	} else {
		dst = append(dst, `,"source":{"type":"base64","media_type":"`...)
		dst = append(appendEscaped(dst, p.media), '"')
		dst = appendTextMember(dst, "data", p.text)
	}
	dst = append(dst, '}')
	if p.kind == filePart && len(p.name) > 0 {
		dst = appendTextMember(dst, "title", p.name)
	}
	return append(dst, '}')
}

// dropDetail records that the detail of an image was left out, which Anthropic lacks.
func (r *request) dropDetail() {
	if r.from == Chat {
		r.drop("messages.content.image_url.", "detail")
		return
	}
	r.drop("input.content.", "detail")
}

// appendInput appends a call's arguments as an object, and refuses others.
func (r *request) appendInput(dst []byte, p *part) []byte {
	switch {
	case p.custom:
		dst = appendTextMember(append(dst, '{'), "input", p.text)
		return append(dst, '}')
	case p.isJSON:
		return append(dst, p.text...)
	}
	start := len(dst)
	dst = appendUnescaped(dst, p.text)
	if plain := dst[start:]; isNothing(plain) {
		dst = append(dst[:start], '{', '}')
	} else if plain[0] != '{' || !json.Valid(plain) {
		r.refuse("arguments", "the arguments of the call "+string(p.id)+" are not a JSON object")
	}
	return dst
}

func (r *request) appendToolResult(dst []byte, p *part) []byte {
	dst = appendText(append(appendComma(dst), `{"type":"tool_result","tool_use_id":`...), p.id)
	if inner := r.result(p); len(inner) > 0 {
		dst = r.appendBlocks(appendKey(dst, "content"), inner)
	}
	if p.isError {
		dst = append(dst, `,"is_error":true`...)
	}
	return append(dst, '}')
}

func (r *request) appendMessagesTools(dst []byte) []byte {
	if len(r.tools) == 0 {
		return dst
	}
	dst = append(appendKey(dst, "tools"), '[')
	for i := range r.tools {
		t := &r.tools[i]
		dst = appendText(append(appendComma(dst), `{"name":`...), r.upstreamName(t.namespace, t.name, t.custom))
		dst = t.appendDescription(dst)
		if string(t.strict) == "true" { // not every Anthropic model takes it
			r.drop("tools.", "strict")
		}
		dst = append(appendSchema(appendKey(dst, "input_schema"), t), '}')
	}
	return r.appendMessagesChoice(append(dst, ']'))
}

func (r *request) appendMessagesChoice(dst []byte) []byte {
	single := string(r.parallel) == "false"
	kind := "auto"
	switch r.choice.mode {
	case choiceUnset:
		if !single {
			return dst
		}
	case choiceNone:
		return append(appendKey(dst, "tool_choice"), `{"type":"none"}`...)
	case choiceRequired:
		kind = "any"
	case choiceTool:
		kind = "tool"
	}
	dst = appendTextMember(append(appendKey(dst, "tool_choice"), '{'), "type", []byte(kind))
	if r.choice.mode == choiceTool {
		dst = appendTextMember(dst, "name", r.upstreamName(r.choice.namespace, r.choice.name, false))
	}
	if single {
		dst = append(dst, `,"disable_parallel_tool_use":true`...)
	}
	return append(dst, '}')
}
