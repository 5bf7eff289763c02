package translate

// chatMessage is a message as it stands; which members count depends on its role.
type chatMessage struct {
	role, content, refusal, reasoning []byte
	calls, callID                     []byte
}

func (r *request) readChatMessage(s *scan) {
	var m chatMessage
	s.object(func(key []byte) {
		switch string(key) {
		case "role":
			m.role, _ = s.text()
		case "content":
			m.content = s.raw()
		case "refusal":
			m.refusal, _ = s.text()
		case "reasoning_content":
			m.reasoning, _ = s.text()
		case "tool_calls":
			m.calls = s.raw()
		case "tool_call_id":
			m.callID, _ = s.text()
		default:
			if value := s.raw(); !isNull(value) && string(value) != "[]" {
				r.drop("messages.", string(key))
			}
		}
	})
	r.addChatMessage(&m)
}

func (r *request) addChatMessage(m *chatMessage) {
	from := len(r.parts)
	add := func(p part) { r.parts = append(r.parts, p) }
	switch string(m.role) {
	case "system", "developer":
		r.readChatContent(m.content, add)
		r.close(systemRole, from)
	case "user":
		r.readChatContent(m.content, add)
		r.close(userRole, from)
	case "assistant":
		if len(m.reasoning) > 0 {
			r.drop("messages.", "reasoning_content")
		}
		r.readChatContent(m.content, add)
		if len(m.refusal) > 0 {
			add(part{kind: refusalPart, text: m.refusal})
		}
		if len(m.calls) > 0 && m.calls[0] == '[' {
			s := &scan{doc: m.calls, element: r.reserve}
			s.array(func() { add(r.readHistoryCall(s)) })
		}
		r.close(assistantRole, from)
	case "tool":
		p := part{kind: resultPart, id: m.callID, inner: span{from: len(r.inner)}}
		r.readChatContent(m.content, r.addInner)
		p.inner.to = len(r.inner)
		r.add(userRole, p)
	default:
		r.refuse("messages.role", "expected system, developer, user, assistant or tool")
	}
}

// readHistoryCall reads a call that the model made before.
func (r *request) readHistoryCall(s *scan) part {
	p := part{kind: callPart}
	s.object(func(key []byte) {
		switch string(key) {
		case "id":
			p.id, _ = s.text()
		case "function", "custom":
			p.custom = string(key) == "custom"
			r.hasCustom = r.hasCustom || p.custom
			s.object(func(key []byte) {
				switch string(key) {
				case "name":
					p.name, _ = s.text()
				case "arguments", "input":
					p.text, _ = s.text()
				default:
					r.drop("messages.tool_calls.function.", string(key))
				}
			})
		case "type", "index":
		default:
			if !isNull(s.raw()) {
				r.drop("messages.tool_calls.", string(key))
			}
		}
	})
	return p
}

func (r *request) readChatContent(content []byte, add func(part)) {
	if isNull(content) {
		return
	}
	s := &scan{doc: content, element: r.reserve}
	if content[0] == '"' {
		if text, _ := s.text(); len(text) > 0 {
			add(part{text: text})
		}
		return
	}
	s.array(func() { r.readChatPart(s, add) })
}

func (r *request) readChatPart(s *scan, add func(part)) {
	const path = "messages.content."
	var kind, text, address, detail, data, name, fileID []byte
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			kind, _ = s.text()
		case "text", "refusal":
			text, _ = s.text()
		case "image_url":
			if s.kind() == '"' {
				address, _ = s.text()
				return
			}
			s.object(func(key []byte) {
				switch string(key) {
				case "url":
					address, _ = s.text()
				case "detail":
					detail, _ = s.text()
				default:
					r.drop(path+"image_url.", string(key))
				}
			})
		case "file":
			s.object(func(key []byte) {
				switch string(key) {
				case "file_data":
					data, _ = s.text()
				case "filename":
					name, _ = s.text()
				case "file_id":
					fileID, _ = s.text()
				default:
					r.drop(path+"file.", string(key))
				}
			})
		case "input_audio":
		default:
			if !isNull(s.raw()) {
				r.drop(path, string(key))
			}
		}
	})
	switch string(kind) {
	case "text":
		if len(text) > 0 {
			add(part{text: text})
		}
	case "refusal":
		add(part{kind: refusalPart, text: text})
	case "image_url":
		p := dataOf(imagePart, address)
		p.id = detail
		add(p)
	case "file":
		r.checkFileID(path+"file.", fileID)
		p := dataOf(filePart, data)
		p.name = name
		add(p)
	default:
		r.refuse(path+string(kind), "this kind of content cannot be sent to the upstream")
	}
}
