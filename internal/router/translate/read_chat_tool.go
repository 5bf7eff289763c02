package translate

func (r *request) readChatTool(s *scan) {
	var t tool
	var kind []byte
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			kind, _ = s.text()
		case "function":
			s.object(func(key []byte) { r.readFunctionMember(s, &t, string(key)) })
		case "custom":
			t.custom = true
			s.object(func(key []byte) { r.readFunctionMember(s, &t, string(key)) })
		default:
			if !isNull(s.raw()) {
				r.drop("tools.", string(key))
			}
		}
	})
	switch string(kind) {
	case "function", "custom", "":
		r.tools = append(r.tools, t)
	default:
		r.dropTool(string(kind), kind)
	}
}

func (r *request) readFunctionMember(s *scan, t *tool, key string) {
	switch key {
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
	default:
		r.drop("tools.function.", key)
	}
}

func (r *request) readChatChoice(s *scan) {
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
		case "function", "custom":
			s.object(func(key []byte) {
				switch string(key) {
				case "name":
					r.choice.name, _ = s.text()
				default:
					r.drop("tool_choice.function.", string(key))
				}
			})
		case "allowed_tools":
			s.object(func(key []byte) {
				switch string(key) {
				case "mode":
					mode, _ = s.text()
				default:
					r.drop("tool_choice.allowed_tools.", string(key))
				}
			})
		default:
			r.drop("tool_choice.", string(key))
		}
	})
	if string(kind) == "allowed_tools" {
		r.readChoiceWord(string(mode))
		return
	}
	r.choice.mode = choiceTool
}
