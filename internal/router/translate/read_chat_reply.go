package translate

// readChatReply reads a chat reply, or a chunk of one: they have the same members.
func (a *assembler) readChatReply(data []byte) {
	hasChoice, isLast := false, false
	var list, failed []byte
	s := &scan{doc: data}
	s.object(func(key []byte) {
		switch string(key) {
		case "id":
			a.note(&a.reply.id, s)
		case "model":
			a.note(&a.reply.model, s)
		case "created":
			a.noteCreated(s)
		case "choices":
			list = s.raw()
		case "usage":
			isLast = a.readChatUsage(s)
		case "error":
			failed = s.raw()
		}
	})
	if !isNull(failed) && string(failed) != "{}" && string(failed) != `""` {
		a.fail(readFailure(data))
	}
	if len(list) > 0 && list[0] == '[' {
		s = &scan{doc: list}
		s.array(func() {
			hasChoice = true
			a.start()
			a.readChoice(s)
		})
	}
	if a.reply.finish != finishUnsaid && isLast && !hasChoice {
		a.concludeContent() // nothing follows the chunk with the usage
	}
}

// note keeps a text of the reply that stays the same in all its chunks. What
// comes after the client was told of it is too late.
func (a *assembler) note(field *[]byte, s *scan) {
	if text, ok := s.text(); ok && len(text) > 0 && *field == nil && !a.started {
		*field = clone(text)
	}
}

func (a *assembler) noteCreated(s *scan) {
	if value := s.raw(); wholeNumber(value) > 0 && a.reply.created == nil && !a.started {
		a.reply.created = clone(value)
	}
}

// readChoice reads a choice. Only the first of several is looked at.
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
		a.readFinish(string(finish))
	}
}

func (a *assembler) readFinish(reason string) {
	switch reason {
	case "error":
		a.fail(broken("the upstream ended its reply with an error"))
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

// readDelta reads what a message says, or a chunk adds to it. Reasoning comes
// before the text, whatever the order of the members.
func (a *assembler) readDelta(delta []byte) {
	var reasoning, other, details, content, refusal, calls, function []byte
	s := &scan{doc: delta}
	s.object(func(key []byte) {
		switch string(key) {
		case "reasoning_content":
			reasoning, _ = s.text()
		case "reasoning":
			other, _ = s.text()
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
		reasoning = other
	}
	a.readReasoning(reasoning)
	a.keepDetails(details)
	a.readContent(content)
	a.text(refusalPart, refusal)
	if len(calls) > 0 && calls[0] == '[' {
		s := &scan{doc: calls}
		s.array(func() { a.readChatCall(s) })
	}
	if len(function) > 0 && function[0] == '{' {
		a.readFunction(&chatCall{key: []byte("0")}, function)
	}
}

func (a *assembler) readReasoning(text []byte) {
	if b := a.text(thinkingPart, text); b != nil && b.signature == nil {
		b.signature = []byte(chatSignature)
	}
}

// readContent reads a content: a string, or a list of texts as Mistral sends it.
func (a *assembler) readContent(content []byte) {
	if len(content) == 0 {
		return
	}
	s := &scan{doc: content}
	switch content[0] {
	case '"':
		text, _ := s.text()
		a.text(textPart, text)
	case '[':
		s.array(func() {
			s.object(func(key []byte) {
				switch string(key) {
				case "text":
					text, _ := s.text()
					a.text(textPart, text)
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

// readChatUsage reads the usage and reports whether there is one.
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
		a.reply.usage = u.sane()
	}
	return ok && u.isKnown
}

// sane returns the usage with no more cached tokens than there are.
func (u usage) sane() usage {
	u.cacheRead = min(u.cacheRead, u.input)
	u.cacheWrite = min(u.cacheWrite, u.input-u.cacheRead)
	return u
}
