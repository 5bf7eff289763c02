package translate

// readChatReply reads a chat reply or a chunk of one: both have the same members.
func (a *assembler) readChatReply(data []byte) {
	hasChoice, hasUsage := false, false
	var choices, errorValue []byte
	s := &scan{doc: data}
	s.object(func(key []byte) {
		switch string(key) {
		case "id":
			a.noteText(&a.reply.id, s)
		case "model":
			a.noteText(&a.reply.model, s)
		case "created":
			a.noteCreated(s)
		case "choices":
			choices = s.raw()
		case "usage":
			hasUsage = a.readChatUsage(s)
		case "error":
			errorValue = s.raw()
		}
	})
	if !isNull(errorValue) && string(errorValue) != "{}" && string(errorValue) != `""` {
		a.fail(readFailure(data))
	}
	if len(choices) > 0 && choices[0] == '[' {
		s = &scan{doc: choices}
		s.array(func() {
			hasChoice = true
			a.start()
			a.readChoice(s)
		})
	}
	switch {
	case hasChoice || !hasUsage:
	case a.reply.finish != finishUnknown:
		a.concludeContent() // nothing follows the chunk with the usage
	default:
		a.isCounted = a.started
	}
}

// noteText reads a text that is the same in all chunks of the reply, and keeps the first
// one. A text that comes after the client's reply has begun is ignored.
func (a *assembler) noteText(field *[]byte, s *scan) {
	if text, ok := s.text(); ok && len(text) > 0 && *field == nil && !a.started {
		*field = clone(text)
	}
}

// noteCreated reads the time of the reply, as noteText reads a text.
func (a *assembler) noteCreated(s *scan) {
	if value := s.raw(); wholeNumber(value) > 0 && a.reply.created == nil && !a.started {
		a.reply.created = clone(value)
	}
}

// readChoice reads a choice. Of several, only the one with index 0 counts.
func (a *assembler) readChoice(s *scan) {
	var finish, delta []byte
	index := 0
	s.object(func(key []byte) {
		switch string(key) {
		case "index":
			index = wholeNumber(s.raw())
		case "delta", "message":
			delta = s.raw()
		case "finish_reason":
			finish, _ = s.text()
		case "error":
			if value := s.raw(); !isNull(value) {
				a.fail(readFailure(value))
			}
		}
	})
	if index > 0 || a.isOver() {
		return
	}
	if len(delta) > 0 {
		a.readDelta(delta)
	}
	if len(finish) > 0 && !a.isOver() {
		a.readFinishReason(string(finish))
	}
}

// readFinishReason notes why the reply ended and closes its blocks.
func (a *assembler) readFinishReason(reason string) {
	switch reason {
	case "error":
		a.fail(brokenReply("the upstream ended its reply with an error"))
		return
	case "length", "max_tokens":
		a.reply.finish = finishLength
	case "tool_calls", "function_call":
		a.reply.finish = finishTools
	case "content_filter":
		a.reply.finish = finishFilter
	default:
		a.reply.finish = finishStop
	}
	if a.reply.finish == finishTools && len(a.calls) == 0 {
		a.reply.finish = finishStop
	}
	a.closeAll()
}

// readDelta reads a message, or what a chunk adds to it. Reasoning is added
// before the text, whatever the order of the members.
func (a *assembler) readDelta(delta []byte) {
	var reasoning, otherReasoning, details, content, refusal, calls, function []byte
	s := &scan{doc: delta}
	s.object(func(key []byte) {
		switch string(key) {
		case "reasoning_content":
			reasoning, _ = s.text()
		case "reasoning":
			otherReasoning, _ = s.text()
		case "reasoning_details":
			details = s.raw()
		case "content":
			content = s.raw()
		case "refusal":
			refusal, _ = s.text()
		case "tool_calls":
			calls = s.raw()
		case "function_call":
			function = s.raw()
		}
	})
	if len(reasoning) == 0 {
		reasoning = otherReasoning
	}
	a.readReasoning(reasoning)
	if a.hasReasoning = a.hasReasoning || len(reasoning) > 0; !a.hasReasoning {
		a.readDetailTexts(details)
	}
	a.keepDetails(details)
	a.readContent(content)
	a.addText(refusalPart, refusal)
	if len(calls) > 0 && calls[0] == '[' {
		s := &scan{doc: calls}
		s.array(func() { a.readChatCall(s) })
	}
	if len(function) > 0 && function[0] == '{' {
		a.readFunction(&chatCall{index: []byte("0")}, function)
	}
}

// readReasoning adds a piece of reasoning, and marks its block as that of a chat upstream.
func (a *assembler) readReasoning(text []byte) {
	if b := a.addText(thinkingPart, text); b != nil && b.signature == nil {
		b.signature = []byte(chatSignature)
	}
}

// readContent reads a content: a string, or a list of texts and thinking, which Mistral
// sends.
func (a *assembler) readContent(content []byte) {
	if len(content) == 0 {
		return
	}
	s := &scan{doc: content}
	switch content[0] {
	case '"':
		text, _ := s.text()
		a.addText(textPart, text)
	case '[':
		s.array(func() {
			s.object(func(key []byte) {
				switch string(key) {
				case "text":
					text, _ := s.text()
					a.addText(textPart, text)
				case "thinking":
					s.array(func() {
						s.object(func(key []byte) {
							if string(key) == "text" {
								text, _ := s.text()
								a.readReasoning(text)
							}
						})
					})
				}
			})
		})
	}
}

// readChatUsage reads the usage and reports whether it has a number of input tokens.
func (a *assembler) readChatUsage(s *scan) bool {
	u := usage{}
	ok := s.object(func(key []byte) {
		switch string(key) {
		case "prompt_tokens":
			u.input, u.isKnown = max(0, wholeNumber(s.raw())), true
		case "completion_tokens":
			u.output = max(0, wholeNumber(s.raw()))
		case "prompt_cache_hit_tokens": // DeepSeek
			u.cacheRead = max(u.cacheRead, wholeNumber(s.raw()))
		case "prompt_tokens_details":
			s.object(func(key []byte) {
				switch string(key) {
				case "cached_tokens":
					u.cacheRead = max(u.cacheRead, wholeNumber(s.raw()))
				case "cache_creation_tokens", "cache_write_tokens": // LiteLLM; OpenAI
					u.cacheWrite = max(u.cacheWrite, wholeNumber(s.raw()))
				}
			})
		case "completion_tokens_details":
			s.object(func(key []byte) {
				if string(key) == "reasoning_tokens" {
					u.reasoning = max(0, wholeNumber(s.raw()))
				}
			})
		}
	})
	if ok && u.isKnown {
		a.reply.usage = u.clampCached()
	}
	return ok && u.isKnown
}

// clampCached returns the usage with at most as many cached tokens as input tokens.
func (u usage) clampCached() usage {
	u.cacheRead = min(u.cacheRead, u.input)
	u.cacheWrite = min(u.cacheWrite, u.input-u.cacheRead)
	return u
}
