package translate

// formatTool is the function by which a model answers in a form that its upstream
// cannot demand otherwise: it has to call it, and the client gets its arguments as text.
const formatTool = "structured_reply"

const formatAbout = "Gives the final answer. Call it exactly once, with the whole answer as its arguments."

// useFormatTool puts the form of the reply into a function, where the upstream's model
// takes no form. Arguments are objects: a form of another kind is left out.
func (r *request) useFormatTool() {
	if r.format.schema == nil || !r.opts.NoFormat {
		return
	}
	if !isObjectSchema(r.format.schema) {
		r.dropParam(r.formatMember())
		r.format = format{}
		return
	}
	r.choice = toolChoice{mode: choiceRequired}
	if len(r.tools) == 0 {
		r.choice = toolChoice{mode: choiceTool, name: []byte(formatTool)}
	}
	about := r.format.about
	if len(about) == 0 {
		about = []byte(formatAbout)
	}
	r.tools = append(r.tools, tool{name: []byte(formatTool), description: about, schema: r.format.schema})
	r.format, r.hasFormatTool = format{}, true
}

// isObjectSchema reports whether a schema says that a value is an object.
func isObjectSchema(schema []byte) bool {
	kind := ""
	s := &scan{doc: schema}
	s.object(func(key []byte) {
		if string(key) == "type" {
			text, _ := s.text()
			kind = string(text)
		}
	})
	return kind == "object"
}

// formatMember returns the client's member that says which form the reply has to have.
func (r *request) formatMember() string {
	return [dialectCount]string{Chat: "response_format", Messages: "output_config.format", Responses: "text.format",
		Gemini: configPath + "responseSchema"}[r.from]
}
