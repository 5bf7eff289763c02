package translate

// readResponsesTool reads a tool, or all tools of a namespace. namespace is the text of the
// namespace that the tool is in; nil when there is none.
func (r *request) readResponsesTool(s *scan, namespace []byte) {
	t := tool{namespace: namespace}
	var kind, inner []byte
	var unknown []string
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			kind, _ = s.text()
		case "name":
			t.name, _ = s.text()
		case "description":
			t.description, _ = s.text()
		case "parameters":
			t.schema = s.raw()
		case "strict":
			t.strict = s.raw()
		case "format":
			t.grammar = readGrammar(s)
		case "tools":
			inner = s.raw()
		default:
			unknown = append(unknown, string(key))
		}
	})
	switch string(kind) {
	case "function", "custom", "namespace":
		for _, key := range unknown {
			r.drop("tools.", key)
		}
	}
	r.addResponsesTool(string(kind), t, inner)
}

// addResponsesTool adds a tool or the tools of a namespace, which inner holds as raw JSON.
func (r *request) addResponsesTool(kind string, t tool, inner []byte) {
	switch kind {
	case "function":
		r.tools = append(r.tools, t)
	case "custom":
		t.custom = true
		r.tools = append(r.tools, t)
	case "namespace":
		if len(t.description) > 0 {
			r.drop("tools.namespace.", "description")
		}
		s := &scan{doc: inner}
		s.array(func() { r.readResponsesTool(s, t.name) })
	default:
		r.dropTool(kind, []byte(kind))
	}
}

// readGrammar reads the format of a custom tool's text and returns it in the form of the
// responses dialect; nil for a free text. Chat wraps the grammar in a further object.
func readGrammar(s *scan) []byte {
	var syntax, definition []byte
	read := func(key []byte) {
		switch string(key) {
		case "syntax":
			syntax, _ = s.text()
		case "definition":
			definition, _ = s.text()
		}
	}
	s.object(func(key []byte) {
		if string(key) == "grammar" && s.kind() == '{' {
			s.object(read)
			return
		}
		read(key)
	})
	if len(definition) == 0 {
		return nil
	}
	format := appendTextMember([]byte(`{"type":"grammar"`), "syntax", syntax)
	return append(appendTextMember(format, "definition", definition), '}')
}

// readResponsesChoice reads tool_choice.
func (r *request) readResponsesChoice(s *scan) {
	if s.kind() == '"' {
		text, _ := s.text()
		r.readChoiceWord(string(text))
		return
	}
	var kind, mode []byte
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			kind, _ = s.text()
		case "name":
			r.choice.name, _ = s.text()
		case "namespace":
			r.choice.namespace, _ = s.text()
		case "mode":
			mode, _ = s.text()
		default:
			r.drop("tool_choice.", string(key))
		}
	})
	switch string(kind) {
	case "function", "custom":
		r.choice.mode = choiceTool
	case "allowed_tools":
		r.readChoiceWord(string(mode))
	default:
		r.choice.mode, r.choice.name = choiceTool, kind
		r.serverTools = append(r.serverTools, string(kind))
	}
}

// readChoiceWord reads a tool_choice of OpenAI's dialects that is one word.
func (r *request) readChoiceWord(word string) {
	switch word {
	case "auto":
		r.choice.mode = choiceAuto
	case "none":
		r.choice.mode = choiceNone
	case "required":
		r.choice.mode = choiceRequired
	default:
		r.refuse("tool_choice", "expected auto, none, required or a tool")
	}
}
