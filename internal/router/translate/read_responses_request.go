package translate

// readResponses reads a request to /v1/responses.
func (r *request) readResponses(s *scan) {
	ok := s.object(func(key []byte) {
		start := s.at
		defer func() { r.echo.note(key, s.doc[start:s.at]) }()
		switch string(key) {
		case "model":
			r.model = s.raw()
		case "instructions":
			from := len(r.parts)
			if text, _ := s.text(); len(text) > 0 {
				r.parts = append(r.parts, part{text: text})
				r.addToSystem(from)
			}
		case "input":
			r.readInput(s)
		case "tools":
			s.array(func() { r.readResponsesTool(s, nil) })
		case "tool_choice":
			r.readResponsesChoice(s)
		case "parallel_tool_calls":
			r.parallel = s.raw()
		case "max_output_tokens":
			r.maxTokens = s.raw()
		case "stream":
			r.stream = string(s.raw()) == "true"
		case "reasoning":
			r.readReasoningOptions(s)
		case "text":
			r.readTextOptions(s)
		case "previous_response_id", "conversation", "prompt", "background":
			r.refuseState(string(key), s.raw())
		default:
			r.readOther(s, key)
		}
	})
	if !ok {
		r.refuse("body", "expected a JSON object")
	}
	r.moveLeadingSystem()
}

// refuseState refuses a member that refers to what an upstream of the Responses API keeps,
// if the upstream is of another dialect.
func (r *request) refuseState(member string, value []byte) {
	switch {
	case isNull(value) || string(value) == "false" || string(value) == `""`:
	case r.to == Responses:
	case member == "background":
		r.refuse(member, "this upstream cannot answer in the background; leave it out")
	default:
		r.refuse(member, "this upstream keeps no responses; send the whole conversation in input")
	}
}

func (r *request) readInput(s *scan) {
	if s.kind() == '"' {
		text, _ := s.text()
		r.addText(userRole, text)
		return
	}
	if !s.array(func() { r.readItem(s) }) {
		r.refuse("input", "expected a text or a list")
	}
}

func (r *request) readReasoningOptions(s *scan) {
	s.object(func(key []byte) {
		switch string(key) {
		case "effort":
			r.readEffort(s, "reasoning.effort")
		default:
			if !isNull(s.raw()) {
				r.drop("reasoning.", string(key))
			}
		}
	})
}

func (r *request) readTextOptions(s *scan) {
	s.object(func(key []byte) {
		switch string(key) {
		case "verbosity":
			r.params[verbosity] = s.raw()
		case "format":
			var kind []byte
			s.object(func(key []byte) {
				if string(key) == "type" {
					kind, _ = s.text()
					return
				}
				r.readFormatMember(s, "text.format.", string(key))
			})
			r.format.setType(string(kind))
		default:
			r.drop("text.", string(key))
		}
	})
}

// readFormatMember reads a member of a JSON schema format in OpenAI's two dialects.
func (r *request) readFormatMember(s *scan, path, key string) {
	f := &r.format
	switch key {
	case "name":
		f.name, _ = s.text()
	case "schema":
		f.schema = s.raw()
	case "strict":
		f.strict = s.raw()
	case "description":
		f.description, _ = s.text()
	default:
		r.drop(path, key)
	}
}

// setType sets the type of the format. A schema in OpenAI's dialects gets a name that is not
// nil, which tells it from Anthropic's.
func (f *format) setType(kind string) {
	switch kind {
	case "json_object":
		f.isObject = true
	case "json_schema":
		if f.name == nil {
			f.name = []byte{}
		}
	default:
		*f = format{}
	}
}
