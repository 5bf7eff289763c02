package translate

import "slices"

// appendConverseTools appends toolConfig. Bedrock demands it when the conversation has calls,
// and has no choice of none: then the tools are left out, unless there were calls.
func (r *request) appendConverseTools(dst []byte) []byte {
	called := r.calledTools()
	if r.choice.mode == choiceNone && len(r.tools) > 0 {
		if len(called) == 0 {
			return dst
		}
		r.drop("", "tool_choice")
	}
	if len(r.tools) == 0 && len(called) == 0 {
		return dst
	}
	dst = append(appendKey(dst, "toolConfig"), `{"tools":[`...)
	for i := range r.tools {
		dst = r.appendConverseTool(dst, &r.tools[i])
	}
	if len(r.tools) == 0 {
		for _, name := range called {
			dst = append(appendComma(dst), `{"toolSpec":{`...)
			dst = append(appendTextMember(dst, "name", []byte(name)),
				`,"description":"It cannot be called any more.","inputSchema":{"json":{"type":"object","properties":{}}}}}`...)
		}
	}
	dst = append(dst, ']')
	switch r.choice.mode {
	case choiceAuto:
		dst = append(dst, `,"toolChoice":{"auto":{}}`...)
	case choiceRequired:
		dst = append(dst, `,"toolChoice":{"any":{}}`...)
	case choiceTool:
		dst = append(appendTextMember(append(dst, `,"toolChoice":{"tool":{`...), "name",
			r.upstreamName(r.choice.namespace, r.choice.name, false)), `}}`...)
	}
	return append(dst, '}')
}

// appendConverseTool appends a tool, and the cache point that stands behind it.
func (r *request) appendConverseTool(dst []byte, t *tool) []byte {
	dst = append(appendComma(dst), `{"toolSpec":{`...)
	dst = appendTextMember(dst, "name", r.upstreamName(t.namespace, t.name, t.custom))
	dst = t.appendDescription(dst)
	if string(t.strict) == "true" { // not every model takes it
		r.drop("tools.", "strict")
	}
	dst = append(appendSchema(append(appendKey(dst, "inputSchema"), `{"json":`...), t), `}}}`...)
	if t.cache != noCachePoint && !r.opts.Claude { // others have none behind tools
		r.drop("tools.", "cache_control")
		return dst
	}
	return appendCachePoint(dst, t.cache)
}

// calledTools returns the upstream's names of the tools that were called in the
// conversation, each once.
func (r *request) calledTools() []string {
	var names []string
	for i := range r.parts {
		p := &r.parts[i]
		if p.kind != callPart {
			continue
		}
		if name := string(r.upstreamName(p.namespace, p.name, p.custom)); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
