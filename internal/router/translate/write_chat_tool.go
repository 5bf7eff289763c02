package translate

// appendChatCalls appends the calls of an assistant's turn, with the thought signatures that
// the upstream wants back.
func (r *request) appendChatCalls(dst []byte, parts []part) []byte {
	dst = append(dst, `,"tool_calls":[`...)
	var thought []byte // the thought signature of the next call
	for i := range parts {
		switch p := &parts[i]; p.kind {
		case thinkingPart:
			thought, _ = unmarkSignature(callSignature, p.id)
		case callPart:
			dst = r.appendChatCall(dst, p)
			if len(thought) > 0 && r.opts.Thoughts {
				dst = append(dst[:len(dst)-1], `,"extra_content":{"google":{"thought_signature":`...)
				dst = append(appendText(dst, thought), "}}}"...)
			}
			thought = nil
		}
	}
	return append(dst, ']')
}

func (r *request) appendChatCall(dst []byte, p *part) []byte {
	dst = append(appendComma(dst), `{"id":`...)
	dst = appendText(dst, p.id)
	dst = append(dst, `,"type":"function","function":{"name":`...)
	dst = appendText(dst, r.upstreamName(p.namespace, p.name, p.custom))
	dst = append(dst, `,"arguments":"`...)
	dst = appendArguments(dst, p)
	return append(dst, `"}}`...)
}

// appendArguments appends a call's arguments as a text.
func appendArguments(dst []byte, p *part) []byte {
	switch {
	case p.custom:
		dst = append(dst, customOpen...)
		dst = appendEscaped(dst, p.text)
		return append(dst, customClose...)
	case p.isJSON:
		return appendEscaped(dst, p.text)
	case len(p.text) == 0:
		return append(dst, '{', '}')
	}
	return append(dst, p.text...)
}

func (r *request) appendChatTools(dst []byte) []byte {
	if len(r.tools) == 0 {
		return dst
	}
	dst = append(appendKey(dst, "tools"), '[')
	for i := range r.tools {
		t := &r.tools[i]
		dst = append(appendComma(dst), `{"type":"function","function":{"name":`...)
		dst = appendText(dst, r.upstreamName(t.namespace, t.name, t.custom))
		dst = t.appendDescription(dst)
		dst = appendSchema(appendKey(dst, "parameters"), t)
		if string(t.strict) == "true" { // false is the default of chat
			dst = append(dst, `,"strict":true`...)
		}
		dst = append(dst, '}', '}')
	}
	dst = append(dst, ']')
	dst = r.appendChatChoice(dst)
	if !isNull(r.parallel) {
		dst = appendMember(dst, "parallel_tool_calls", r.parallel)
	}
	return dst
}

func (r *request) appendChatChoice(dst []byte) []byte {
	switch r.choice.mode {
	case choiceAuto:
		return append(appendKey(dst, "tool_choice"), `"auto"`...)
	case choiceNone:
		return append(appendKey(dst, "tool_choice"), `"none"`...)
	case choiceRequired:
		return append(appendKey(dst, "tool_choice"), `"required"`...)
	case choiceTool:
		dst = append(appendKey(dst, "tool_choice"), `{"type":"function","function":{"name":`...)
		dst = appendText(dst, r.upstreamName(r.choice.namespace, r.choice.name, false))
		return append(dst, '}', '}')
	}
	return dst
}
