package translate

// readConverseReply reads a JSON reply of Bedrock's Converse.
func (a *assembler) readConverseReply(body []byte) {
	var content, stopReason []byte
	s := &scan{doc: body}
	s.object(func(key []byte) {
		switch string(key) {
		case "output":
			s.object(func(key []byte) {
				if string(key) == "message" {
					s.object(func(key []byte) {
						if string(key) == "content" {
							content = s.raw()
						}
					})
				}
			})
		case "stopReason":
			stopReason, _ = s.text()
		case "usage":
			a.readConverseUsage(s)
		case "message": // of an error
			if text, ok := s.text(); ok {
				a.fail(&failure{kind: "api_error", message: clone(text)})
			}
		}
	})
	if a.isOver() || len(content) == 0 || content[0] != '[' {
		return
	}
	a.start()
	a.readConverseStop(string(stopReason))
	s = &scan{doc: content}
	s.array(func() {
		a.readConverseBlock(s)
		a.endBlock()
	})
}

// readConverseEvent reads an event of ConverseStream: an object with one member, whose name
// is the type of the event.
func (a *assembler) readConverseEvent(data []byte) {
	s := &scan{doc: data}
	s.object(func(key []byte) {
		switch string(key) {
		case "messageStart":
			a.start()
		case "contentBlockStart", "contentBlockDelta":
			a.readConversePiece(s)
		case "contentBlockStop":
			a.endBlock()
		case "messageStop":
			s.object(func(key []byte) {
				if string(key) == "stopReason" {
					reason, _ := s.text()
					a.readConverseStop(string(reason))
				}
			})
		case "metadata": // the last event
			s.object(func(key []byte) {
				if string(key) == "usage" {
					a.readConverseUsage(s)
				}
			})
			if a.reply.finish != finishUnknown {
				a.concludeContent()
			}
		case "error":
			a.fail(readFailure(data))
		}
	})
}

// readConversePiece reads the beginning of a block, or a piece of one.
func (a *assembler) readConversePiece(s *scan) {
	index, piece := "0", []byte(nil)
	isStart := false
	s.object(func(key []byte) {
		switch string(key) {
		case "contentBlockIndex":
			index = string(s.raw())
		case "start":
			isStart, piece = true, s.raw()
		case "delta":
			piece = s.raw()
		}
	})
	inner := &scan{doc: piece}
	switch {
	case len(piece) == 0:
	case isStart:
		a.keepCall(index, a.readConverseBlock(inner))
	default:
		a.readConverseDelta(inner, a.calls[index])
	}
}

// readConverseBlock reads a whole block, or the beginning of a call. It returns the block
// if it is a call, else nil.
func (a *assembler) readConverseBlock(s *scan) (call *block) {
	s.object(func(key []byte) {
		switch string(key) {
		case "text":
			text, _ := s.text()
			a.addText(textPart, text)
		case "toolUse":
			var id, name, input []byte
			s.object(func(key []byte) {
				switch string(key) {
				case "toolUseId":
					id, _ = s.text()
				case "name":
					name, _ = s.text()
				case "input":
					input = s.raw()
				}
			})
			call = a.addCall(id, name)
			if len(input) > 2 {
				a.addPiece(call, appendEscaped(nil, input))
			}
			a.pump()
		case "reasoningContent":
			a.readConverseReasoning(s)
		}
	})
	return call
}

// readConverseDelta reads a piece of a text, of thinking, or of the arguments of call.
func (a *assembler) readConverseDelta(s *scan, call *block) {
	s.object(func(key []byte) {
		switch string(key) {
		case "text":
			text, _ := s.text()
			a.addText(textPart, text)
		case "toolUse":
			s.object(func(key []byte) {
				if string(key) == "input" && call != nil {
					text, _ := s.text()
					a.addPiece(call, text)
				}
			})
		case "reasoningContent":
			a.readConverseReasoning(s)
		}
	})
}

// readConverseReasoning reads reasoningContent: of a whole block, whose text is in
// reasoningText, or of a piece. Claude's signature is the one of Anthropic's own interface.
func (a *assembler) readConverseReasoning(s *scan) {
	s.object(func(key []byte) {
		switch string(key) {
		case "reasoningText":
			a.readConverseReasoning(s)
		case "text":
			text, _ := s.text()
			a.readReasoning(text)
		case "signature":
			if text, _ := s.text(); len(text) > 0 {
				if b := a.reply.last(); b == nil || b.kind != thinkingPart || b.done {
					a.addBlock(&block{kind: thinkingPart})
				}
				a.sign(markSignature(messagesSignature, text))
			}
		case "redactedContent":
			text, _ := s.text()
			a.addBlock(&block{kind: redactedPart, signature: markSignature(redactedSignature, text), done: true})
			a.pump()
		}
	})
}

// readConverseStop notes why the reply ended.
func (a *assembler) readConverseStop(reason string) {
	switch reason {
	case "guardrail_intervened", "content_filtered":
		a.reply.finish = finishFilter
	case "stop_sequence": // Bedrock does not say which one
		a.reply.finish = finishStop
	case "malformed_model_output", "malformed_tool_use":
		a.fail(brokenReply("the model's reply cannot be used: " + reason))
	case "":
		a.reply.finish = finishStop
	default:
		a.readStopReason(reason, nil)
	}
}

// readConverseUsage reads the usage. As in Anthropic's, the input excludes cached tokens.
func (a *assembler) readConverseUsage(s *scan) {
	u := &a.reply.usage
	var p usageParts
	s.object(func(key []byte) {
		value := s.raw()
		n := max(0, wholeNumber(value))
		switch string(key) {
		case "inputTokens":
			p.uncached, u.isKnown = n, true
		case "cacheReadInputTokens":
			p.read = n
		case "cacheWriteInputTokens":
			p.write = n
		case "cacheDetails":
			p.hour = readCacheDetails(&scan{doc: value})
		case "outputTokens":
			u.output, u.isKnown = n, true
		}
	})
	u.join(p)
}

// readCacheDetails returns how many of the tokens that were written to Bedrock's cache are kept for an
// hour, from a list of numbers and lifetimes.
func readCacheDetails(s *scan) (hour int) {
	s.array(func() {
		n, isHour := 0, false
		s.object(func(key []byte) {
			switch value := s.raw(); string(key) {
			case "inputTokens":
				n = max(0, wholeNumber(value))
			case "ttl":
				isHour = string(value) == `"1h"`
			}
		})
		if isHour {
			hour += n
		}
	})
	return hour
}
