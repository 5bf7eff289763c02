package translate

import (
	"bytes"
	"slices"
)

// item is an item of the conversation. Its type determines which members are used.
type item struct {
	kind, role, id, callID       []byte
	name, namespace, args, input []byte
	summary, encrypted           []byte
	content                      int  // index in request.parts at which its content begins
	output                       span // in request.inner
}

// readItem reads an item of the conversation.
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
			r.readOutput(s, &i)
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

// readOutput reads the output of a tool. It skips the output of items of other types, which
// are dropped whole.
func (r *request) readOutput(s *scan, i *item) {
	if len(i.kind) == 0 || bytes.HasSuffix(i.kind, []byte("call_output")) {
		r.readParts(s, "input.output.", r.addInner)
		i.output.to = len(r.inner)
	}
}

// hasContent reports whether the content of an item is read. It is read where the type is
// not known yet, since that may come later; items of other types are dropped whole.
func (i *item) hasContent() bool {
	return len(i.kind) == 0 || string(i.kind) == "message" || string(i.kind) == "reasoning"
}

// addItem adds an item to the conversation.
func (r *request) addItem(i *item) {
	if string(i.kind) == "message" || len(i.kind) == 0 {
		r.addMessageItem(i)
		return
	}
	content := slices.Clone(r.parts[i.content:])
	clear(r.parts[i.content:])
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

// addMessageItem adds a message, whose content is the parts from i.content on.
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
	r.closeTurn(role, i.content)
}

// addReasoningItem adds thinking, with the state of the upstream that it came from.
func (r *request) addReasoningItem(i *item, content []part) {
	if data, ok := unmarkSignature(redactedSignature, i.encrypted); ok {
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

// readParts reads a content, which is a string or a list of parts, and calls add for each
// part. It leaves out empty texts. path is where the content stands in the request.
func (r *request) readParts(s *scan, path string, add func(part)) {
	if s.kind() == '"' {
		if text, _ := s.text(); len(text) > 0 {
			add(part{text: text})
		}
		return
	}
	s.array(func() { r.readContentPart(s, path, add) })
}

// contentPart is a part of a content with its members as the client sent them. Its type
// determines which are used.
type contentPart struct {
	kind, text          []byte
	image, detail       []byte
	data, address, name []byte
	fileID              []byte
}

// readContentPart reads a part of a content.
func (r *request) readContentPart(s *scan, path string, add func(part)) {
	var p contentPart
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			p.kind, _ = s.text()
		case "text", "refusal":
			p.text, _ = s.text()
		case "image_url":
			p.image, _ = s.text()
		case "detail":
			p.detail, _ = s.text()
		case "file_data":
			p.data, _ = s.text()
		case "file_url":
			p.address, _ = s.text()
		case "filename":
			p.name, _ = s.text()
		case "file_id":
			p.fileID, _ = s.text()
		case "annotations", "logprobs":
		default:
			if !isNull(s.raw()) {
				r.drop(path, string(key))
			}
		}
	})
	r.addContentPart(&p, path, add)
}

// addContentPart passes a part to add, or refuses it.
func (r *request) addContentPart(p *contentPart, path string, add func(part)) {
	switch string(p.kind) {
	case "input_text", "output_text", "text", "summary_text", "reasoning_text":
		if len(p.text) > 0 {
			add(part{text: p.text})
		}
	case "refusal":
		add(part{kind: refusalPart, text: p.text})
	case "input_image":
		r.checkFileID(path, p.fileID)
		image := newAttachment(imagePart, p.image)
		image.id = p.detail
		add(image)
	case "input_file":
		r.checkFileID(path, p.fileID)
		if len(p.data) > 0 {
			p.address = p.data
		}
		file := newAttachment(filePart, p.address)
		file.name = p.name
		add(file)
	default:
		r.refuse(path+string(p.kind), "this kind of content cannot be sent to the upstream")
	}
}

// checkFileID refuses a file by id, which only the provider that stores it can read.
func (r *request) checkFileID(path string, id []byte) {
	if len(id) > 0 {
		r.refuse(path+"file_id", "this upstream has no such file; send its data")
	}
}
