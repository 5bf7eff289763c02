package translate

// chatMessage is a message as it was read; which members count depends on its role.
type chatMessage struct {
	role, content, refusal, reasoning []byte
	calls, callID                     []byte
}

// readChatMessage reads an element of messages.
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

// addChatMessage adds the parts of a message to the conversation.
func (r *request) addChatMessage(m *chatMessage) {
	from := len(r.parts)
	add := func(p part) { r.parts = append(r.parts, p) }
	switch string(m.role) {
	case "system", "developer":
		r.readChatContent(m.content, add)
		r.closeTurn(systemRole, from)
	case "user":
		r.readChatContent(m.content, add)
		r.closeTurn(userRole, from)
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
		r.closeTurn(assistantRole, from)
	case "tool":
		p := part{kind: resultPart, id: m.callID, inner: span{from: len(r.inner)}}
		r.readChatContent(m.content, r.addInner)
		p.inner.to = len(r.inner)
		r.add(userRole, p)
	default:
		r.refuse("messages.role", "expected system, developer, user, assistant or tool")
	}
}

// readHistoryCall reads a call that the model made earlier in the conversation.
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

// readChatContent reads a content, a string or a list of parts, and calls add with each
// part that it can translate.
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

// chatPart is a part of a content as it was read; which members count depends on its type.
type chatPart struct {
	kind, text         []byte
	address, detail    []byte // image_url
	data, name, fileID []byte // file
}

// chatContentPath is the path of the parts of a content, with a dot at its end.
const chatContentPath = "messages.content."

func (r *request) readChatPart(s *scan, add func(part)) {
	var p chatPart
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			p.kind, _ = s.text()
		case "text", "refusal":
			p.text, _ = s.text()
		case "image_url":
			r.readImageURL(s, &p)
		case "file":
			r.readChatFile(s, &p)
		case "input_audio":
		default:
			if !isNull(s.raw()) {
				r.drop(chatContentPath, string(key))
			}
		}
	})
	r.addChatPart(&p, add)
}

// readImageURL reads the address of an image; some clients leave out the object around it.
func (r *request) readImageURL(s *scan, p *chatPart) {
	if s.kind() == '"' {
		p.address, _ = s.text()
		return
	}
	s.object(func(key []byte) {
		switch string(key) {
		case "url":
			p.address, _ = s.text()
		case "detail":
			p.detail, _ = s.text()
		default:
			r.drop(chatContentPath+"image_url.", string(key))
		}
	})
}

func (r *request) readChatFile(s *scan, p *chatPart) {
	s.object(func(key []byte) {
		switch string(key) {
		case "file_data":
			p.data, _ = s.text()
		case "filename":
			p.name, _ = s.text()
		case "file_id":
			p.fileID, _ = s.text()
		default:
			r.drop(chatContentPath+"file.", string(key))
		}
	})
}

func (r *request) addChatPart(p *chatPart, add func(part)) {
	switch string(p.kind) {
	case "text":
		if len(p.text) > 0 {
			add(part{text: p.text})
		}
	case "refusal":
		add(part{kind: refusalPart, text: p.text})
	case "image_url":
		image := newAttachment(imagePart, p.address)
		image.id = p.detail
		add(image)
	case "file":
		r.checkFileID(chatContentPath+"file.", p.fileID)
		file := newAttachment(filePart, p.data)
		file.name = p.name
		add(file)
	case "thinking": // Mistral's thinking of an earlier turn; readChatPart has dropped its text
	default:
		r.refuse(chatContentPath+string(p.kind), "this kind of content cannot be sent to the upstream")
	}
}
