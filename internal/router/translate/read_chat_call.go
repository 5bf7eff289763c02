package translate

import "bytes"

// chatCall is what a chunk says about a tool's call.
type chatCall struct {
	index    []byte // raw; nil: not given
	id, name []byte
	args     []byte
	thought  []byte // Gemini's thought signature
}

// readChatCall reads an element of tool_calls, or a piece of one.
func (a *assembler) readChatCall(s *scan) {
	var call chatCall
	var function []byte
	s.object(func(key []byte) {
		switch string(key) {
		case "index":
			if value := s.raw(); wholeNumber(value) >= 0 {
				call.index = value
			}
		case "id":
			call.id, _ = s.text()
		case "function", "custom":
			function = s.raw()
		case "extra_content":
			call.thought = readThought(s)
		}
	})
	a.readFunction(&call, function)
}

// readThought reads the thought signature that Gemini sends with a call.
func readThought(s *scan) (signature []byte) {
	s.object(func(key []byte) {
		if string(key) == "google" {
			s.object(func(key []byte) {
				if string(key) == "thought_signature" {
					signature, _ = s.text()
				}
			})
		}
	})
	return signature
}

// keepThought puts the thought signature of the call that follows into the opaque
// field of the thinking before it: Gemini refuses a call that comes back without it.
func (a *assembler) keepThought(signature []byte) {
	if len(signature) == 0 || a.from == Chat {
		return
	}
	b := a.reply.last()
	if b == nil || b.kind != thinkingPart || b.closed {
		b = a.addBlock(&block{kind: thinkingPart})
	}
	b.signature, b.done = markSignature(callSignature, signature), true
	a.pump()
}

// readFunction reads the function of a call, or a piece of it, and adds it to the reply.
func (a *assembler) readFunction(call *chatCall, function []byte) {
	s := &scan{doc: function}
	s.object(func(key []byte) {
		switch string(key) {
		case "name":
			call.name, _ = s.text()
		case "arguments", "input":
			switch s.kind() {
			case '"':
				call.args, _ = s.text()
			case '{': // some servers send the arguments as an object instead of a string
				call.args = appendEscaped(nil, s.raw())
			}
		}
	})
	if a.isOver() {
		return
	}
	b := a.findCall(call)
	a.identify(b, call.id, call.name)
	a.addPiece(b, call.args)
	a.pump()
}

// findCall returns the call that a chunk continues, or a new one. Some servers leave
// out the index, give all calls the same index, or repeat a call's id.
func (a *assembler) findCall(call *chatCall) *block {
	if a.calls == nil {
		a.calls = make(map[string]*block)
	}
	key := "last"
	switch {
	case call.index != nil:
		key = string(call.index)
	case len(call.id) > 0:
		key = "id " + string(call.id)
	}
	b := a.calls[key]
	if b == nil || call.isNew(b) {
		a.keepThought(call.thought)
		b = a.addCall(nil, nil)
	}
	a.calls[key], a.calls["last"] = b, b
	return b
}

// isNew reports whether a chunk begins another call instead of continuing b, which is
// the call with the same index or the same id, or the last call.
func (call *chatCall) isNew(b *block) bool {
	switch {
	case len(call.name) == 0:
		return false
	case call.index != nil:
		return len(call.id) > 0 && len(b.id) > 0 && !bytes.Equal(call.id, b.id)
	case len(call.id) > 0:
		return b.json.isWhole && len(call.args) > 0
	}
	return true
}
