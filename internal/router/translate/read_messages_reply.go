package translate

// readMessagesReply reads a JSON reply of /v1/messages.
func (a *assembler) readMessagesReply(body []byte) {
	var content, stopReason, sequence, errorValue []byte
	s := &scan{doc: body}
	s.object(func(key []byte) {
		switch string(key) {
		case "id":
			a.noteText(&a.reply.id, s)
		case "model":
			a.noteText(&a.reply.model, s)
		case "content":
			content = s.raw()
		case "stop_reason":
			stopReason, _ = s.text()
		case "stop_sequence":
			sequence, _ = s.text()
		case "usage":
			a.readMessagesUsage(s)
		case "error":
			errorValue = s.raw()
		}
	})
	switch {
	case !isNull(errorValue):
		a.fail(readFailure(body))
		return
	case len(content) == 0 || content[0] != '[':
		return
	}
	a.start()
	a.readStopReason(string(stopReason), sequence)
	if a.reply.finish == finishUnknown {
		a.reply.finish = finishStop
	}
	s = &scan{doc: content}
	s.array(func() {
		a.readContentBlock(s.raw())
		a.endBlock()
	})
}

// readMessagesEvent reads an event of a stream of /v1/messages.
func (a *assembler) readMessagesEvent(data []byte) {
	var kind, message, block, delta []byte
	index := ""
	s := &scan{doc: data}
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			kind, _ = s.text()
		case "index":
			index = string(s.raw())
		case "message":
			message = s.raw()
		case "content_block":
			block = s.raw()
		case "delta":
			delta = s.raw()
		case "usage":
			a.readMessagesUsage(s)
		}
	})
	switch string(kind) {
	case "message_start":
		a.readMessageStart(message)
	case "content_block_start":
		a.keepCall(index, a.readContentBlock(block))
	case "content_block_delta":
		a.readBlockDelta(a.calls[index], delta)
	case "content_block_stop":
		a.endBlock()
	case "message_delta":
		a.readMessageDelta(delta)
	case "message_stop":
		if a.reply.finish == finishUnknown {
			a.reply.finish = finishStop
		}
		a.concludeContent()
	case "error":
		a.fail(readFailure(data))
	}
}

func (a *assembler) readMessageStart(message []byte) {
	s := &scan{doc: message}
	s.object(func(key []byte) {
		switch string(key) {
		case "id":
			a.noteText(&a.reply.id, s)
		case "model":
			a.noteText(&a.reply.model, s)
		case "usage":
			a.readMessagesUsage(s)
		}
	})
	a.start()
}

// keepCall notes the call whose arguments follow under an index. b is nil when the block is
// not a call of the client's tools, but for example of a tool that the provider runs.
func (a *assembler) keepCall(index string, b *block) {
	if a.calls == nil {
		a.calls = make(map[string]*block)
	}
	a.calls[index] = b
}

// readContentBlock reads a whole block, or the beginning of one. It returns the
// block if it is a call, else nil.
func (a *assembler) readContentBlock(data []byte) *block {
	var b contentBlock
	s := &scan{doc: data}
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			b.kind, _ = s.text()
		case "text":
			b.text, _ = s.text()
		case "thinking":
			b.thinking, _ = s.text()
		case "signature":
			b.signature, _ = s.text()
		case "data":
			b.data, _ = s.text()
		case "id":
			b.id, _ = s.text()
		case "name":
			b.name, _ = s.text()
		case "input":
			b.input = s.raw()
		}
	})
	return a.addContentBlock(&b)
}

// addContentBlock adds a block to the reply. It returns the block if it is a call,
// else nil.
func (a *assembler) addContentBlock(b *contentBlock) *block {
	switch string(b.kind) {
	case "text":
		a.addText(textPart, b.text)
	case "thinking":
		a.addText(thinkingPart, b.thinking)
		a.signThinking(b.signature)
	case "redacted_thinking":
		signature := clone(b.data)
		if a.from != Messages {
			signature = markSignature(redactedSignature, b.data)
		}
		a.addBlock(&block{kind: redactedPart, signature: signature, done: true})
		a.pump()
	case "tool_use":
		call := a.addCall(b.id, b.name)
		if len(b.input) > 2 {
			a.addPiece(call, appendEscaped(nil, b.input))
		}
		a.pump()
		return call
	}
	return nil
}

// signThinking notes Anthropic's signature of the last thinking. Thinking without text
// may have one, too.
func (a *assembler) signThinking(signature []byte) {
	if len(signature) == 0 {
		return
	}
	if b := a.reply.last(); b == nil || b.kind != thinkingPart || b.done {
		a.addBlock(&block{kind: thinkingPart})
	}
	if a.from == Messages {
		a.sign(clone(signature))
		return
	}
	a.sign(markSignature(messagesSignature, signature))
}

// readBlockDelta reads a piece of a text, of thinking or of a call's arguments.
func (a *assembler) readBlockDelta(call *block, delta []byte) {
	s := &scan{doc: delta}
	s.object(func(key []byte) {
		switch string(key) {
		case "text":
			text, _ := s.text()
			a.addText(textPart, text)
		case "thinking":
			text, _ := s.text()
			a.addText(thinkingPart, text)
		case "signature":
			text, _ := s.text()
			a.signThinking(text)
		case "partial_json":
			if text, _ := s.text(); call != nil {
				a.addPiece(call, text)
			}
		}
	})
}

// endBlock closes the block that was read last, unless it is a call that was cut off.
func (a *assembler) endBlock() {
	if b := a.reply.last(); b != nil && !a.isOver() {
		if b.kind == callPart && !b.closed && !isObject(b.plain) && !isNothing(b.plain) {
			return // cut off: the stop reason says whether the limit of tokens is why
		}
		b.done = true
		a.pump()
	}
}

func (a *assembler) readMessageDelta(delta []byte) {
	var stopReason, sequence []byte
	s := &scan{doc: delta}
	s.object(func(key []byte) {
		switch string(key) {
		case "stop_reason":
			stopReason, _ = s.text()
		case "stop_sequence":
			sequence, _ = s.text()
		}
	})
	a.readStopReason(string(stopReason), sequence)
}

// readStopReason notes why the reply ended; an empty reason says nothing.
func (a *assembler) readStopReason(reason string, sequence []byte) {
	switch reason {
	case "":
	case "max_tokens", "model_context_window_exceeded":
		a.reply.finish = finishLength
	case "tool_use":
		a.reply.finish = finishTools
	case "refusal":
		a.reply.finish = finishFilter
	case "stop_sequence":
		a.reply.finish, a.reply.stopSequence = finishSequence, clone(sequence)
	case "pause_turn":
		a.reply.finish = finishPause
	default:
		a.reply.finish = finishStop
	}
}

// readMessagesUsage reads the usage. A stream has it twice, and the second one may
// leave out numbers of the first.
func (a *assembler) readMessagesUsage(s *scan) {
	u := &a.reply.usage
	p := u.split()
	s.object(func(key []byte) {
		value := s.raw()
		n := max(0, wholeNumber(value))
		switch string(key) {
		case "input_tokens":
			p.uncached, u.isKnown = n, true
		case "cache_read_input_tokens":
			p.read = n
		case "cache_creation_input_tokens":
			p.write = n
		case "cache_creation":
			inner := &scan{doc: value}
			inner.object(func(key []byte) {
				if n := wholeNumber(inner.raw()); string(key) == "ephemeral_1h_input_tokens" {
					p.hour = max(0, n)
				}
			})
		case "output_tokens":
			u.output, u.isKnown = n, true
		}
	})
	u.join(p)
}
