package splice

import "bytes"

// event holds what Stream needs of the data of one event. The values are slices of the
// data, nil when absent.
type event struct {
	start, end int // the place of the model; end is 0 when there is none

	members  int    // the number of members
	kind     []byte // "type", as a JSON string
	object   []byte
	err      []byte
	choices  []byte
	usage    []byte
	google   []byte // Google: the candidates, or the feedback on the prompt
	response []byte // Responses API: the response, item or part; Anthropic: the message
	block    []byte // Anthropic: content_block
}

// inspect notes what kind of event the data are, and returns the place of the model in
// them; end is 0 when there is none. The first known bytes are the common prefix; found are the
// texts in the others.
func (s *Stream) inspect(data []byte, known int, found texts) (start, end int) {
	if s.namesError {
		s.noteError(data)
	}
	if s.Content && !found.err {
		s.noteEnd(data, found)
		switch {
		case known > 0:
			return s.common.model, known
		case !found.model:
			return 0, 0
		}
		return s.findModel(data)
	}
	var e event
	if e.read(data) != nil {
		if !s.inspectList(data) {
			s.joinData(data)
		}
		return 0, 0
	}
	s.noteEvent(&e, data)
	return e.start, e.end
}

// noteEvent notes whether e is an error, content, or the end of the stream.
func (s *Stream) noteEvent(e *event, data []byte) {
	s.hasTypes = s.hasTypes || e.kind != nil && e.choices == nil
	s.isGoogle = s.isGoogle || e.google != nil
	switch {
	case e.isError():
		s.noteError(data)
	case !e.isOpening():
		s.noteContent()
	}
	s.noteEnd(data, findTexts(data))
}

// inspectList reports whether the data are a list that begins with an error, as
// Google sends it, and notes the error.
func (s *Stream) inspectList(data []byte) bool {
	isError := false
	_ = Elements(data, func(start, end int) bool { // an error means that it is not a list
		var e event
		if isError = e.read(data[start:end]) == nil && e.isError(); isError {
			s.noteError(data[start:end])
		}
		return false
	})
	return isError
}

// noteContent notes that an event with content passed. After an error, nothing
// counts as content.
func (s *Stream) noteContent() { s.Content = s.Content || !s.Failed }

// joinData collects the data of an event whose JSON has several lines. After content
// has passed, nothing more needs to be known of an event.
func (s *Stream) joinData(data []byte) {
	if s.Content {
		return
	}
	if len(s.joinedData)+len(data) > MaxLine {
		s.noteContent()
		return
	}
	s.joinedData = append(append(s.joinedData, data...), '\n')
}

// inspectJoined inspects the lines that joinData has collected, and reports whether they
// are an object. It is called once for an event: inspecting after each line would take
// a time that grows with the square of their number.
func (s *Stream) inspectJoined() bool {
	var e event
	if len(s.joinedData) == 0 || e.read(s.joinedData) != nil {
		return false
	}
	s.noteEvent(&e, s.joinedData)
	s.joinedData = nil
	return true
}

// endEvent notes the blank line after an event.
func (s *Stream) endEvent() {
	if s.namesError && !s.Failed {
		s.noteError(nil)
	}
	s.Ended = s.Ended || s.namesLast
	s.namesError, s.namesLast, s.namesType, s.hasData = false, false, false, false
	if !s.inspectJoined() && len(s.joinedData) > 0 { // not JSON: it counts as content, so that it is not held back
		s.noteContent()
		s.joinedData = nil
	}
}

// noteError notes that the stream failed, and keeps the data of the first error.
func (s *Stream) noteError(data []byte) {
	if !s.Failed {
		s.Failed = true
		s.Error = bytes.Clone(data)
	}
}

// findModel returns the place of the model in an event after the first content; end is
// 0 when there is none.
func (s *Stream) findModel(data []byte) (start, end int) {
	err := Members(data, func(key []byte, from, to int) bool {
		switch string(key) {
		case "model":
			if data[from] == '"' {
				start, end = from, to
				s.common.keep(data[:end], start)
			}
		case "message", "response":
			if a, b := findInnerModel(data[from:to]); b > 0 {
				start, end = from+a, from+b
			}
		}
		return end == 0
	})
	if err != nil {
		return 0, 0
	}
	return start, end
}

// read reads the members of an event.
func (e *event) read(data []byte) error {
	return Members(data, func(key []byte, from, to int) bool {
		e.members++
		value := data[from:to]
		switch string(key) {
		case "model":
			if value[0] == '"' && e.end == 0 {
				e.start, e.end = from, to
			}
		case "message", "response":
			e.response = value
			if a, b := findInnerModel(value); b > 0 && e.end == 0 {
				e.start, e.end = from+a, from+b
			}
		case "type":
			e.kind = value
		case "object":
			e.object = value
		case "error":
			e.err = value
		case "choices":
			e.choices = value
		case "candidates", "promptFeedback":
			e.google = value
		case "usage":
			e.usage = value
		case "item", "part":
			e.response = value
		case "content_block":
			e.block = value
		}
		return true
	})
}

// findInnerModel returns the place of the member "model" of the object in data; end is 0
// when there is no such text.
func findInnerModel(data []byte) (start, end int) {
	if data[0] != '{' {
		return 0, 0
	}
	err := Members(data, func(key []byte, from, to int) bool {
		if string(key) == "model" && data[from] == '"' {
			start, end = from, to
		}
		return end == 0
	})
	if err != nil {
		return 0, 0
	}
	return start, end
}

// isError reports whether the event says that the request failed.
func (e *event) isError() bool {
	switch string(e.kind) {
	case `"error"`, `"response.failed"`, `"response.error"`:
		return true
	}
	return string(e.object) == `"error"` || !IsEmpty(e.err) || HasFailedChoice(e.choices)
}

// HasFailedChoice reports whether one of the choices of a chat reply is an error instead
// of an answer. OpenRouter sends such replies.
func HasFailedChoice(choices []byte) bool {
	if !bytes.Contains(choices, []byte(`"error"`)) {
		return false
	}
	hasFailed := false
	_ = Elements(choices, func(from, to int) bool { // choices that are not well-formed count as no error
		_ = Members(choices[from:to], func(key []byte, a, b int) bool {
			value := choices[from+a : from+b]
			switch string(key) {
			case "error":
				hasFailed = hasFailed || !IsEmpty(value)
			case "finish_reason":
				hasFailed = hasFailed || string(value) == `"error"`
			}
			return !hasFailed
		})
		return !hasFailed
	})
	return hasFailed
}

// isOpening reports whether the event belongs to the opening of a reply: it has nothing
// that a client could show.
func (e *event) isOpening() bool {
	switch string(e.kind) {
	case `"message_start"`, `"ping"`, `"keepalive"`, `"response.created"`, `"response.in_progress"`,
		`"response.queued"`:
		return true
	case `"content_block_start"`:
		return isEmptyPart(e.block)
	case `"response.output_item.added"`, `"response.content_part.added"`, `"response.reasoning_summary_part.added"`:
		return isEmptyPart(e.response)
	}
	if e.google != nil {
		return areEmptyCandidates(e.google)
	}
	if e.choices == nil || len(e.usage) > 0 && e.usage[0] == '{' {
		return e.members == 0
	}
	return AreEmptyChoices(e.choices)
}

// AreEmptyChoices reports whether the choices of a chat or completions reply, or of a
// chunk of one, are all empty.
func AreEmptyChoices(choices []byte) bool {
	isEmpty := true
	err := Elements(choices, func(from, to int) bool {
		isEmpty = isEmpty && isEmptyChoice(choices[from:to])
		return isEmpty
	})
	return err == nil && isEmpty
}

// isEmptyPart reports whether a content block, an item or a part is an empty text,
// message or piece of reasoning. A tool call is never empty, since it has a name.
func isEmptyPart(part []byte) bool {
	isEmpty := true
	err := Members(part, func(key []byte, from, to int) bool {
		value := part[from:to]
		switch string(key) {
		case "type":
			switch string(value) {
			case `"text"`, `"thinking"`, `"message"`, `"reasoning"`, `"output_text"`, `"summary_text"`,
				`"reasoning_text"`:
			default:
				isEmpty = false
			}
		case "text", "thinking", "content", "summary", "signature":
			isEmpty = isEmpty && IsEmpty(value)
		}
		return isEmpty
	})
	return err == nil && isEmpty
}

// isEmptyChoice reports whether a choice of a chat or completions chunk has only a
// role.
func isEmptyChoice(choice []byte) bool {
	isEmpty := true
	err := Members(choice, func(key []byte, from, to int) bool {
		value := choice[from:to]
		switch string(key) {
		case "delta", "message":
			isEmpty = isEmptyDelta(value)
		case "text", "finish_reason":
			isEmpty = IsEmpty(value)
		}
		return isEmpty
	})
	return err == nil && isEmpty
}

// isEmptyDelta reports whether a delta or message has only a role.
func isEmptyDelta(delta []byte) bool {
	if IsEmpty(delta) {
		return true
	}
	isEmpty := true
	err := Members(delta, func(key []byte, from, to int) bool {
		isEmpty = string(key) == "role" || IsEmpty(delta[from:to])
		return isEmpty
	})
	return err == nil && isEmpty
}

// IsEmpty reports whether a JSON value is absent, null, false, 0, or an empty string,
// object or array.
func IsEmpty(value []byte) bool {
	switch string(value) {
	case "", "null", "false", `""`, "{}", "[]", "0":
		return true
	}
	return (value[0] == '{' || value[0] == '[') && len(bytes.TrimSpace(value[1:len(value)-1])) == 0
}

// noteEnd notes whether the event is the one with which its dialect ends a stream. found are the texts
// in the data, or in all of them but the common prefix.
func (s *Stream) noteEnd(data []byte, found texts) {
	switch {
	case s.Ended, s.namesType:
	case s.isGoogle:
		s.Ended = isGoogleEnd(data)
	case s.hasTypes:
		s.Ended = isTypedEnd(data)
	case found.finish || found.usage:
		s.Ended = isChatEnd(data)
	}
}

// isEventType reports whether the name in an event line is a type of Anthropic's or of
// the Responses API. Then the data need not be searched for the type.
func isEventType(name []byte) bool {
	return bytes.HasPrefix(name, []byte("response.")) || bytes.HasPrefix(name, []byte("message_")) ||
		bytes.HasPrefix(name, []byte("content_block_"))
}

// isLastType reports whether an event of that type is the last one of a stream.
func isLastType(kind []byte) bool {
	switch string(kind) {
	case "message_stop", "response.completed", "response.incomplete", "response.failed", "response.cancelled",
		"transcript.text.done", "speech.audio.done", "image_generation.completed", "image_edit.completed":
		return true
	}
	return false
}

// isTypedEnd reports whether the type of an event is one that ends a stream.
func isTypedEnd(data []byte) bool {
	isEnd := false
	_ = Members(data, func(key []byte, from, to int) bool { // data that are not well-formed are not the end
		if string(key) == "type" && to-from > 2 {
			isEnd = isLastType(data[from+1 : to-1])
		}
		return string(key) != "type"
	})
	return isEnd
}

// isChatEnd reports whether a chat or completions chunk has a finish reason, or the
// usage after the last choice. A key within a text is not found, since its quotes are
// escaped there. Some upstreams send the usage so far in every chunk, beside a choice;
// that is not the end.
func isChatEnd(data []byte) bool {
	const key = `finish_reason"`
	at := bytes.Index(data, []byte(key))
	if at < 0 {
		return isUsageChunk(data)
	}
	for ; at >= 0; at = bytes.Index(data, []byte(key)) {
		isKey := at > 0 && data[at-1] == '"'
		data = data[at+len(key):]
		i := skipSpace(data, 0)
		if !isKey || i == len(data) || data[i] != ':' {
			continue
		}
		if i = skipSpace(data, i+1); i+1 < len(data) && data[i] == '"' && data[i+1] != '"' {
			return true
		}
	}
	return false
}

// isUsageChunk reports whether a chunk has the usage but no choice.
func isUsageChunk(data []byte) bool {
	var e event
	if e.read(data) != nil {
		return false
	}
	return len(e.usage) > 0 && e.usage[0] == '{' && IsEmpty(e.choices)
}
