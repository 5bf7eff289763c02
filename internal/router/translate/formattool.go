package translate

// formatTool is the name of a function that stands for the format of the reply, when the
// upstream cannot demand the format otherwise: the model has to call the function, and the
// client gets its arguments as the text of the reply.
const formatTool = "structured_reply"

// formatDescription is the description of formatTool when the client gives none.
const formatDescription = "Gives the final answer. Call it exactly once, with the whole answer as its arguments."

// useFormatTool adds formatTool to the request and makes the model call a function, when
// the upstream's model takes no schema of its reply. Arguments are always objects: a schema of another
// kind is left out.
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
	description := r.format.description
	if len(description) == 0 {
		description = []byte(formatDescription)
	}
	r.tools = append(r.tools, tool{name: []byte(formatTool), description: description, schema: r.format.schema})
	r.format, r.hasFormatTool = format{}, true
}

// isObjectSchema reports whether a schema allows only objects.
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

// formatMember returns the path of the client's member that sets the format of the reply.
func (r *request) formatMember() string {
	return [dialectCount]string{Chat: "response_format", Messages: "output_config.format", Responses: "text.format",
		Gemini: configPath + "responseSchema"}[r.from]
}
