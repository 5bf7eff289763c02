package translate

// readResponsesReply reads a response object.
func (a *assembler) readResponsesReply(body []byte) {
	a.readResponse(body)
}

// readResponse reads a response object. It does not read the output again if items of it
// came in the stream before.
func (a *assembler) readResponse(body []byte) {
	var output, status, failed, details []byte
	s := &scan{doc: body}
	s.object(func(key []byte) {
		switch string(key) {
		case "id":
			a.noteText(&a.reply.id, s)
		case "model":
			a.noteText(&a.reply.model, s)
		case "created_at":
			a.noteCreated(s)
		case "status":
			status, _ = s.text()
		case "output":
			output = s.raw()
		case "error":
			failed = s.raw()
		case "incomplete_details":
			details = s.raw()
		case "usage":
			a.readResponsesUsage(s)
		}
	})
	if !isNull(failed) || string(status) == "failed" || string(status) == "cancelled" {
		a.fail(readFailure(body))
		return
	}
	if len(output) == 0 || output[0] != '[' || string(status) == "in_progress" || string(status) == "queued" {
		return
	}
	a.start()
	a.readStatus(string(status), details)
	if len(a.reply.blocks) == 0 {
		s = &scan{doc: output}
		s.array(func() { a.readOutputItem(s.raw()) })
	}
}

// readStatus reads why the response ended.
func (a *assembler) readStatus(status string, details []byte) {
	a.reply.finish = finishStop
	if status != "incomplete" {
		return
	}
	a.reply.finish = finishLength
	s := &scan{doc: details}
	s.object(func(key []byte) {
		if string(key) == "reason" {
			if reason, _ := s.text(); string(reason) == "content_filter" {
				a.reply.finish = finishFilter
			}
		}
	})
}

// outputItem is an item of the output with its members as the upstream sent them.
type outputItem struct {
	kind, id, callID, name []byte
	args                   []byte // text: arguments, or the input of a custom tool
	encrypted              []byte
	content, summary       []byte
}

// parseOutputItem returns the members of an item.
func parseOutputItem(data []byte) outputItem {
	var i outputItem
	s := &scan{doc: data}
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			i.kind, _ = s.text()
		case "id":
			i.id, _ = s.text()
		case "call_id":
			i.callID, _ = s.text()
		case "name":
			i.name, _ = s.text()
		case "arguments", "input":
			i.args, _ = s.text()
		case "encrypted_content":
			i.encrypted, _ = s.text()
		case "content":
			i.content = s.raw()
		case "summary":
			i.summary = s.raw()
		}
	})
	return i
}

// readOutputItem reads a complete item and adds it to the reply.
func (a *assembler) readOutputItem(data []byte) {
	i := parseOutputItem(data)
	switch string(i.kind) {
	case "message":
		a.readOutputParts(i.content, textPart)
	case "reasoning":
		a.readOutputParts(i.summary, thinkingPart)
		if b := a.reply.last(); b == nil || b.kind != thinkingPart || b.done {
			a.readOutputParts(i.content, thinkingPart)
		}
		a.signReasoning(&i)
	case "function_call", "custom_tool_call":
		a.fillCall(a.openCall(&i), &i)
	}
	if b := a.reply.last(); b != nil {
		b.done = true
		a.pump()
	}
}

// readOutputParts reads the parts of a message or of a summary.
func (a *assembler) readOutputParts(list []byte, kind partKind) {
	if len(list) == 0 || list[0] != '[' {
		return
	}
	s := &scan{doc: list}
	count := 0
	s.array(func() {
		s.object(func(key []byte) {
			switch string(key) {
			case "text":
				text, _ := s.text()
				if kind == thinkingPart && count > 0 && len(text) > 0 {
					a.addText(kind, []byte(textSeparator))
				}
				count++
				a.addText(kind, text)
			case "refusal":
				text, _ := s.text()
				a.addText(refusalPart, text)
			}
		})
	})
}

// signReasoning puts the item's encrypted reasoning, which the upstream wants back, into the
// opaque field of the client's dialect. Chat has no such field.
func (a *assembler) signReasoning(i *outputItem) {
	if len(i.encrypted) == 0 || a.from == Chat {
		return
	}
	if b := a.reply.last(); b == nil || b.kind != thinkingPart || b.done {
		a.addBlock(&block{kind: thinkingPart})
	}
	if a.from == Responses {
		a.sign(clone(i.encrypted))
		return
	}
	signature := append(markSignature(responsesSignature, i.id), ':')
	a.sign(append(signature, i.encrypted...))
}

// openCall adds a call. A client that does not know custom tools, which is one of the
// messages dialect, gets the text of a custom tool as the one string argument of a function.
func (a *assembler) openCall(i *outputItem) *block {
	b := a.addCall(i.callID, i.name)
	if string(i.kind) == "custom_tool_call" && a.from != Messages {
		b.tool.custom = true
	}
	a.pump()
	return b
}

// fillCall adds the arguments of a call, unless they came in deltas.
func (a *assembler) fillCall(b *block, i *outputItem) {
	if len(b.text) > 0 || b.closed {
		return
	}
	if string(i.kind) != "custom_tool_call" {
		a.addPiece(b, i.args)
		return
	}
	a.addPiece(b, []byte(customOpen))
	a.addPiece(b, appendEscaped(nil, i.args))
	a.addPiece(b, []byte(customClose))
}

func (a *assembler) readResponsesUsage(s *scan) {
	u := usage{}
	s.object(func(key []byte) {
		switch string(key) {
		case "input_tokens":
			u.input, u.isKnown = max(0, wholeNumber(s.raw())), true
		case "output_tokens":
			u.output = max(0, wholeNumber(s.raw()))
		case "input_tokens_details":
			s.object(func(key []byte) {
				switch string(key) {
				case "cached_tokens":
					u.cacheRead = max(0, wholeNumber(s.raw()))
				case "cache_write_tokens":
					u.cacheWrite = max(0, wholeNumber(s.raw()))
				}
			})
		case "output_tokens_details":
			s.object(func(key []byte) {
				if string(key) == "reasoning_tokens" {
					u.reasoning = max(0, wholeNumber(s.raw()))
				}
			})
		}
	})
	if u.isKnown {
		a.reply.usage = u.clampCached()
	}
}
