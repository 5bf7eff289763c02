package translate

import "bytes"

// minOutputTokens is the smallest limit that OpenAI's /v1/responses takes. Claude Code asks
// for a single token to find out whether a model answers.
const minOutputTokens = 16

// appendResponses appends the request in the form of /v1/responses. The upstream stores
// nothing unless the client asks for it: the client sends the whole conversation every time.
func (r *request) appendResponses(dst []byte) []byte {
	r.checkChoice()
	dst = append(dst, '{')
	if r.model != nil {
		dst = appendMember(dst, "model", r.model)
	}
	dst = r.appendInstructions(dst)
	dst = append(appendKey(dst, "input"), '[')
	for i := range r.turns {
		dst = r.appendTurnItems(dst, &r.turns[i])
	}
	dst = append(dst, ']')
	switch limit := wholeNumber(r.maxTokens); {
	case isNull(r.maxTokens):
	case limit >= 0 && limit < minOutputTokens:
		dst = appendNumberMember(dst, "max_output_tokens", minOutputTokens)
	default:
		dst = appendMember(dst, "max_output_tokens", r.maxTokens)
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

// appendInstructions appends the system prompt as one text.
func (r *request) appendInstructions(dst []byte) []byte {
	system := r.parts[r.system.from:r.system.to]
	if len(system) == 0 {
		return dst
	}
	dst = append(appendKey(dst, "instructions"), '"')
	for i := range system {
		if i > 0 {
			dst = append(dst, textSeparator...)
		}
		dst = append(dst, system[i].text...)
	}
	return append(dst, '"')
}

// appendTextOptions appends the member text, which holds the format and the verbosity.
func (r *request) appendTextOptions(dst []byte) []byte {
	level := r.params[verbosity]
	if !r.format.isSet() && isNull(level) {
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
	if !isNull(level) {
		dst = appendMember(dst, "verbosity", level)
	}
	return append(dst, '}')
}

func (r *request) appendResponsesTools(dst []byte) []byte {
	if len(r.tools) == 0 {
		return dst
	}
	dst = append(appendKey(dst, "tools"), '[')
	for i := range r.tools {
		dst = r.appendResponsesTool(appendComma(dst), &r.tools[i])
	}
	dst = append(dst, ']')
	switch r.choice.mode {
	case choiceTool:
		dst = append(appendKey(dst, "tool_choice"), `{"type":"`...)
		dst = append(append(dst, r.toolType(r.choice.name)...), `","name":`...)
		dst = append(appendText(dst, r.upstreamName(r.choice.namespace, r.choice.name, false)), '}')
	default:
		dst = r.appendChatChoice(dst)
	}
	if !isNull(r.parallel) {
		dst = appendMember(dst, "parallel_tool_calls", r.parallel)
	}
	return dst
}

func (r *request) appendResponsesTool(dst []byte, t *tool) []byte {
	name := r.upstreamName(t.namespace, t.name, false)
	if t.custom {
		dst = appendText(append(dst, `{"type":"custom","name":`...), name)
		if len(t.description) > 0 {
			dst = appendTextMember(dst, "description", t.description)
		}
		if len(t.grammar) > 0 {
			dst = appendMember(dst, "format", t.grammar)
		}
		return append(dst, '}')
	}
	dst = t.appendDescription(appendText(append(dst, `{"type":"function","name":`...), name))
	dst = appendSchema(appendKey(dst, "parameters"), t)
	if isNull(t.strict) {
		return append(dst, `,"strict":false}`...) // this dialect's own default is true
	}
	return append(appendMember(dst, "strict", t.strict), '}')
}

// toolType returns the type of a tool in this dialect: custom or function.
func (r *request) toolType(name []byte) string {
	for i := range r.tools {
		if r.tools[i].custom && bytes.Equal(r.tools[i].name, name) {
			return "custom"
		}
	}
	return "function"
}
