package translate

import (
	"bytes"
	"slices"
)

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
				r.addLead(from)
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
			r.most = s.raw()
		case "stream":
			r.stream = string(s.raw()) == "true"
		case "reasoning":
			r.readReasoningOptions(s)
		case "text":
			r.readTextOptions(s)
		case "previous_response_id", "conversation", "prompt", "background":
			r.refuseState(string(key), s.raw())
		default:
			if !r.readParam(s, key) && !isNull(s.raw()) {
				r.drop("", string(key))
			}
		}
	})
	if !ok {
		r.refuse("body", "expected a JSON object")
	}
	r.raiseLead()
}

// refuseState refuses members that refer to what an upstream of the Responses
// API keeps.
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

// item is an item of the conversation; which members count depends on its type.
type item struct {
	kind, role, id, callID       []byte
	name, namespace, args, input []byte
	summary, encrypted           []byte
	content                      int  // where its content begins in request.parts
	output                       span // in request.inner
}

func (r *request) readItem(s *scan) {
	i := item{content: len(r.parts), output: span{len(r.inner), len(r.inner)}}
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			i.kind, _ = s.text()
		case "role":
			i.role, _ = s.text()
		case "id":
			i.id, _ = s.text()
		case "call_id":
			i.callID, _ = s.text()
		case "name":
			i.name, _ = s.text()
		case "namespace":
			i.namespace, _ = s.text()
		case "arguments":
			i.args, _ = s.text()
		case "input":
			i.input, _ = s.text()
		case "content":
			if i.hasContent() {
				r.readParts(s, "input.content.", func(p part) { r.parts = append(r.parts, p) })
			}
		case "output":
			if len(i.kind) == 0 || bytes.HasSuffix(i.kind, []byte("call_output")) {
				r.readParts(s, "input.output.", r.addInner)
				i.output.to = len(r.inner)
			}
		case "summary":
			i.summary = s.raw()
		case "encrypted_content":
			i.encrypted, _ = s.text()
		case "status":
		default:
			if !isNull(s.raw()) {
				r.drop("input.", string(key))
			}
		}
	})
	r.addItem(&i)
}

// hasContent reports whether the content of an item is read: its type may come
// later, and other types are left out as a whole.
func (i *item) hasContent() bool {
	return len(i.kind) == 0 || string(i.kind) == "message" || string(i.kind) == "reasoning"
}

func (r *request) addItem(i *item) {
	if string(i.kind) == "message" || len(i.kind) == 0 {
		r.addMessageItem(i)
		return
	}
	content := slices.Clone(r.parts[i.content:])
	r.parts = r.parts[:i.content]
	switch string(i.kind) {
	case "function_call":
		r.add(assistantRole, part{kind: callPart, id: i.callID, name: i.name, namespace: i.namespace, text: i.args})
	case "custom_tool_call":
		p := part{kind: callPart, custom: true, id: i.callID, name: i.name, namespace: i.namespace, text: i.input}
		r.add(assistantRole, p)
	case "function_call_output", "custom_tool_call_output":
		r.add(userRole, part{kind: resultPart, id: i.callID, custom: i.kind[0] == 'c', inner: i.output})
	case "reasoning":
		r.addReasoningItem(i, content)
	case "item_reference":
		r.refuse("input.item_reference", "this upstream keeps no items; send the item itself")
	default:
		r.drop("input.", string(i.kind))
	}
}

func (r *request) addMessageItem(i *item) {
	var role role
	switch string(i.role) {
	case "user":
		role = userRole
	case "assistant":
		role = assistantRole
	case "system", "developer":
	default:
		r.refuse("input.role", "expected user, assistant, system or developer")
	}
	r.close(role, i.content)
}

// addReasoningItem adds thinking, with what its item carries of the upstream
// that it came from.
func (r *request) addReasoningItem(i *item, content []part) {
	if data, ok := ownSignature(redactedSignature, i.encrypted); ok {
		r.add(assistantRole, part{kind: redactedPart, id: markSignature(redactedSignature, data)})
		return
	}
	var texts [][]byte
	if !isNull(i.summary) {
		r.readParts(&scan{doc: i.summary}, "input.summary.", func(p part) { texts = append(texts, p.text) })
	}
	for _, p := range content {
		texts = append(texts, p.text)
	}
	text := bytes.Join(texts, []byte(textSeparator))
	r.add(assistantRole, part{kind: thinkingPart, text: text, id: i.encrypted, name: i.id})
}

// readParts reads a content: a string or a list of parts. Empty texts are left out.
func (r *request) readParts(s *scan, path string, add func(part)) {
	if s.kind() == '"' {
		if text, _ := s.text(); len(text) > 0 {
			add(part{text: text})
		}
		return
	}
	s.array(func() { r.readContentPart(s, path, add) })
}

func (r *request) readContentPart(s *scan, path string, add func(part)) {
	var kind, text, image, detail, data, address, name, fileID []byte
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			kind, _ = s.text()
		case "text", "refusal":
			text, _ = s.text()
		case "image_url":
			image, _ = s.text()
		case "detail":
			detail, _ = s.text()
		case "file_data":
			data, _ = s.text()
		case "file_url":
			address, _ = s.text()
		case "filename":
			name, _ = s.text()
		case "file_id":
			fileID, _ = s.text()
		case "annotations", "logprobs":
		default:
			if !isNull(s.raw()) {
				r.drop(path, string(key))
			}
		}
	})
	switch string(kind) {
	case "input_text", "output_text", "text", "summary_text", "reasoning_text":
		if len(text) > 0 {
			add(part{text: text})
		}
	case "refusal":
		add(part{kind: refusalPart, text: text})
	case "input_image":
		r.checkFileID(path, fileID)
		p := dataOf(imagePart, image)
		p.id = detail
		add(p)
	case "input_file":
		r.checkFileID(path, fileID)
		if len(data) > 0 {
			address = data
		}
		p := dataOf(filePart, address)
		p.name = name
		add(p)
	default:
		r.refuse(path+string(kind), "this kind of content cannot be sent to the upstream")
	}
}

// checkFileID refuses a file that lies at the provider of another dialect.
func (r *request) checkFileID(path string, id []byte) {
	if len(id) > 0 {
		r.refuse(path+"file_id", "this upstream has no such file; send its data")
	}
}

// readResponsesTool reads a tool, or the tools of a namespace.
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
			t.grammar = grammarOf(s)
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
	switch string(kind) {
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
		r.dropTool(string(kind), []byte(string(kind)))
	}
}

// grammarOf reads the format of a custom tool's text and returns it as this
// dialect says it; nil for a free text. Chat has the grammar in an object of its own.
func grammarOf(s *scan) []byte {
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

// readChoiceWord reads a tool_choice of OpenAI's dialects that is a word.
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
			r.format.complete(string(kind))
		default:
			r.drop("text.", string(key))
		}
	})
}

// readFormatMember reads a member of a JSON schema format of OpenAI's two dialects.
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
		f.about, _ = s.text()
	default:
		r.drop(path, key)
	}
}

// complete makes the format what its type says.
func (f *format) complete(kind string) {
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
