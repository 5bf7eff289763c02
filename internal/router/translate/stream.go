package translate

// Stream translates an upstream's event stream as its bytes arrive. The boundaries of the
// chunks do not change the output.
type Stream struct {
	a      assembler
	events eventParser
	read   func(a *assembler, data []byte)
}

// Stream returns the translator of the call's event stream. A call has at most one: an
// attempt at another deployment is another call.
func (c *Call) Stream() *Stream {
	s := &Stream{a: assembler{Call: c}, read: streamReader(c.to)}
	c.told = &s.a.reply.usage
	s.a.out = c.streamWriter(&s.a)
	return s
}

// streamReader returns the function that reads an event of an upstream's dialect.
func streamReader(d Dialect) func(*assembler, []byte) {
	switch d {
	case Messages:
		return (*assembler).readMessagesEvent
	case Responses:
		return (*assembler).readResponsesEvent
	case Converse:
		return (*assembler).readConverseEvent
	}
	return (*assembler).readChatReply
}

// streamWriter returns the writer of events in the client's dialect.
func (c *Call) streamWriter(a *assembler) writer {
	switch c.from {
	case Messages:
		return &messagesStream{Call: c}
	case Responses:
		return &responsesStream{Call: c, reply: &a.reply}
	case Gemini:
		return &geminiStream{geminiParts: geminiParts{Call: c}}
	}
	return &chatStream{Call: c}
}

// Append reads a chunk from the upstream, appends to dst what the client gets for it, and
// returns dst.
func (s *Stream) Append(dst, chunk []byte) []byte {
	s.a.dst = dst
	s.events.append(chunk, s.readEvent)
	s.checkEvents()
	return s.takeOutput()
}

// End appends the end of the stream and returns dst. It is called when no more input comes:
// if the upstream did not finish its reply, the client gets an error.
func (s *Stream) End(dst []byte) []byte {
	s.a.dst = dst
	s.events.end(s.readEvent)
	s.finish()
	return s.takeOutput()
}

// Fail ends the stream with an error of the router itself, such as a timeout,
// and returns dst. status is the HTTP status that stands for the error.
func (s *Stream) Fail(dst []byte, status int, message string) []byte {
	s.a.dst = dst
	s.a.fail(failureOf(status, message))
	return s.takeOutput()
}

// IsOver reports whether the client got the end of its stream, or an error. What the
// upstream sends after that is ignored.
func (s *Stream) IsOver() bool { return s.a.isOver() }

// Size returns about how many bytes the stream holds: the reply so far, and the
// unfinished event.
func (s *Stream) Size() int {
	const perBlock = 512
	return 2*s.a.size + perBlock*len(s.a.reply.blocks) + cap(s.events.hold) + cap(s.events.joined)
}

// Failure returns the message of the error that ended the stream; "" when there is none.
func (s *Stream) Failure() string {
	if s.a.failure == nil {
		return ""
	}
	return string(plainText(s.a.failure.message))
}

// takeOutput returns what was appended for the client.
func (s *Stream) takeOutput() []byte {
	dst := s.a.dst
	s.a.dst = nil
	return dst
}

// readEvent reads the data of an event.
func (s *Stream) readEvent(data []byte, isError bool) {
	switch {
	case s.a.isOver():
	case string(data) == "[DONE]":
		s.a.finishCounted()
		s.finish()
	case isError:
		s.a.fail(readFailure(data))
	default:
		s.read(&s.a, data)
	}
}

// checkEvents fails the stream after an event that cannot be read.
func (s *Stream) checkEvents() {
	if s.events.broken {
		s.a.fail(brokenReply("the upstream sent an event that is not JSON"))
	}
}

// finish ends the reply, with an error if the upstream has not finished it.
func (s *Stream) finish() {
	a := &s.a
	switch {
	case a.isOver():
	case a.reply.finish == finishUnknown:
		a.fail(brokenReply("the upstream's stream broke off before its end"))
	default:
		a.concludeContent()
	}
}

// finishCounted notes that a reply is complete when the upstream gave no finish_reason but
// counted its tokens and said [DONE], as Snowflake does. [DONE] alone does not say so: some
// servers send it after a failure, too.
func (a *assembler) finishCounted() {
	if a.isCounted && a.reply.finish == finishUnknown {
		a.readFinishReason("stop")
	}
}

// concludeContent ends a reply. A reply without any block is an error, unless it ended for
// a reason of its own, or is not from a chat upstream and has output tokens.
func (a *assembler) concludeContent() {
	isEmpty := len(a.reply.blocks) == 0 && a.reply.finish == finishStop
	if isEmpty && (a.to == Chat || a.reply.usage.output == 0) {
		a.fail(brokenReply("the upstream sent a reply without content"))
		return
	}
	a.conclude()
}

// Reply translates a JSON reply. Its error is a *ReplyError.
func (c *Call) Reply(body []byte) ([]byte, error) {
	a := &assembler{Call: c, out: discardWriter{}}
	a.readReply(body)
	if a.failure != nil {
		return nil, &ReplyError{string(plainText(a.failure.message))}
	}
	return c.appendReply(make([]byte, 0, len(body)+512), &a.reply), nil
}

// Collect turns a whole event stream into one JSON reply, for a client that wants JSON
// from an upstream that streams. Its error is a *ReplyError.
func (c *Call) Collect(stream []byte) ([]byte, error) {
	s := &Stream{a: assembler{Call: c, out: discardWriter{}}, read: streamReader(c.to)}
	s.Append(nil, stream)
	s.End(nil)
	if s.a.failure != nil {
		return nil, &ReplyError{s.Failure()}
	}
	return c.appendReply(make([]byte, 0, len(stream)), &s.a.reply), nil
}

// Replay appends a JSON reply to dst as an event stream, for a client that wants a stream
// from an upstream that does not stream. Its error is a *ReplyError; it then returns dst
// as it was.
func (c *Call) Replay(dst, body []byte) ([]byte, error) {
	start := len(dst)
	a := &assembler{Call: c, dst: dst}
	a.out = c.streamWriter(a)
	a.readReply(body)
	if a.failure != nil {
		return dst[:start], &ReplyError{string(plainText(a.failure.message))}
	}
	return a.dst, nil
}

// readReply reads a JSON reply of the upstream.
func (a *assembler) readReply(body []byte) {
	if !isObject(body) {
		a.fail(brokenReply("the upstream's reply is not a JSON object: " + excerpt(body)))
		return
	}
	switch a.to {
	case Messages:
		a.readMessagesReply(body)
	case Responses:
		a.readResponsesReply(body)
	case Converse:
		a.readConverseReply(body)
	default:
		a.readChatReply(body)
		if !a.isOver() && a.reply.finish == finishUnknown && len(a.reply.blocks) > 0 {
			a.reply.finish = finishStop
		}
	}
	switch {
	case a.isOver():
	case a.reply.finish == finishUnknown:
		a.fail(brokenReply("the upstream's reply has no content: " + excerpt(body)))
	default:
		a.concludeContent()
	}
}

// excerpt returns the beginning of a body, for an error message.
func excerpt(body []byte) string {
	const limit = 200 // bytes
	if len(body) > limit {
		return string(body[:limit]) + "..."
	}
	return string(body)
}

// appendReply appends the reply in the client's dialect.
func (c *Call) appendReply(dst []byte, r *reply) []byte {
	switch c.from {
	case Messages:
		return c.appendMessagesReply(dst, r)
	case Responses:
		return c.appendResponsesReply(dst, r)
	case Gemini:
		return c.appendGeminiReply(dst, r)
	}
	return c.appendChatReply(dst, r)
}
