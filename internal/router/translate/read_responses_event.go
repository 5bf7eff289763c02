package translate

// responsesEvent is an event of /v1/responses with its members as the upstream sent them.
type responsesEvent struct {
	kind, delta, item, response []byte
	key                         string // output_index, raw: the item's place in the output
	summary                     int
}

// readResponsesEvent reads an event of /v1/responses.
func (a *assembler) readResponsesEvent(data []byte) {
	e := responsesEvent{}
	s := &scan{doc: data}
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			e.kind, _ = s.text()
		case "delta":
			e.delta, _ = s.text()
		case "item":
			e.item = s.raw()
		case "response":
			e.response = s.raw()
		case "output_index":
			e.key = string(s.raw())
		case "summary_index":
			e.summary = wholeNumber(s.raw())
		}
	})
	switch string(e.kind) {
	case "response.created", "response.in_progress", "response.queued":
		a.readResponse(e.response)
		a.start()
	case "response.completed", "response.incomplete", "response.failed", "response.done":
		a.readResponse(e.response)
		if a.reply.finish != finishUnknown {
			a.concludeContent()
		}
	case "error", "response.error":
		a.fail(readFailure(data))
	default:
		a.readItemEvent(&e)
	}
}

// readItemEvent reads an event about an item.
func (a *assembler) readItemEvent(e *responsesEvent) {
	switch string(e.kind) {
	case "response.output_item.added":
		a.addItem(e)
	case "response.output_item.done":
		a.endItem(e)
	case "response.output_text.delta":
		a.addText(textPart, e.delta)
	case "response.refusal.delta":
		a.addText(refusalPart, e.delta)
	case "response.reasoning_summary_text.delta", "response.reasoning_text.delta":
		a.addText(thinkingPart, e.delta)
	case "response.reasoning_summary_part.added":
		if b := a.reply.last(); e.summary > 0 && b != nil && b.kind == thinkingPart {
			a.addText(thinkingPart, []byte(textSeparator))
		}
	case "response.function_call_arguments.delta":
		if b := a.calls[e.key]; b != nil {
			a.addPiece(b, e.delta)
		}
	case "response.custom_tool_call_input.delta":
		if b := a.calls[e.key]; b != nil {
			if len(b.text) == 0 {
				a.addPiece(b, []byte(customOpen))
			}
			a.addPiece(b, appendEscaped(nil, e.delta))
		}
	}
}

// addItem reads an item that begins.
func (a *assembler) addItem(e *responsesEvent) {
	i := parseOutputItem(e.item)
	switch string(i.kind) {
	case "function_call", "custom_tool_call":
		if a.calls == nil {
			a.calls = make(map[string]*block)
		}
		a.calls[e.key] = a.openCall(&i)
	default:
		a.endTexts()
	}
}

// endTexts ends the last block, unless it is a call, so that the next item begins a new one.
func (a *assembler) endTexts() {
	if b := a.reply.last(); b != nil && b.kind != callPart {
		b.done = true
		a.pump()
	}
}

// endItem reads an item that is complete. Content that came in deltas is not read again.
func (a *assembler) endItem(e *responsesEvent) {
	i := parseOutputItem(e.item)
	b := a.calls[e.key]
	switch {
	case b != nil:
		if string(i.kind) == "custom_tool_call" && len(b.text) > 0 {
			a.addPiece(b, []byte(customClose))
		}
		a.fillCall(b, &i)
		b.done = b.tool.custom || isObject(b.plain) || isNothing(b.plain)
		a.pump()
	case string(i.kind) == "reasoning":
		a.signReasoning(&i)
		a.endTexts()
	case string(i.kind) == "message":
		if last := a.reply.last(); last == nil || last.done || last.kind == callPart || last.kind == thinkingPart {
			a.readOutputParts(i.content, textPart) // none of it came in deltas
		}
		a.endTexts()
	case string(i.kind) == "function_call" || string(i.kind) == "custom_tool_call":
		a.readOutputItem(e.item)
	}
}
