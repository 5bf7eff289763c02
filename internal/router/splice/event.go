package splice

import "bytes"

// event is what Stream looks at in the data of one event. Values are slices of
// the document, nil where it has none.
type event struct {
	start, end int // where the model stands; end 0: nowhere

	members  int
	kind     []byte // "type", as a JSON string
	object   []byte
	err      []byte
	choices  []byte
	usage    []byte
	response []byte // Responses API: the response, item or part that the event carries
	block    []byte // Anthropic: content_block
}

// inspect looks into the data of one event: what kind of event it is, and
// where the model stands in it; end is 0 when there is none.
func (s *Stream) inspect(data []byte) (start, end int) {
	if s.named {
		s.fail(data)
	}
	// Without its first quote, of which events are full, a key is found faster.
	hasError := bytes.Contains(data, []byte(`error"`))
	if s.Content && !hasError {
		s.noteEnd(data)
		if !bytes.Contains(data, []byte(`model"`)) {
			return 0, 0
		}
		return findModel(data)
	}
	var e event
	if e.read(data) != nil {
		if !s.judgeList(data) {
			s.join(data)
		}
		return 0, 0
	}
	s.judge(&e, data)
	return e.start, e.end
}

// judge notes whether e is an error, content, or the end of the stream.
func (s *Stream) judge(e *event, data []byte) {
	s.typed = s.typed || e.kind != nil && e.choices == nil
	switch {
	case e.isError():
		s.fail(data)
	case !e.opens():
		s.noteContent()
	}
	s.noteEnd(data)
}

// judgeList reports whether the data are a list that begins with an error, as
// Google sends it, and notes the error.
func (s *Stream) judgeList(data []byte) bool {
	isError := false
	_ = Elements(data, func(start, end int) bool { // an error: it is not a list
		var e event
		if isError = e.read(data[start:end]) == nil && e.isError(); isError {
			s.fail(data[start:end])
		}
		return false
	})
	return isError
}

// noteContent notes that an event with content passed. After an error nothing
// counts as content any more.
func (s *Stream) noteContent() { s.Content = s.Content || !s.Failed }

// join collects the data of an event whose JSON stands on several lines. Once
// content has passed there is nothing left to find out.
func (s *Stream) join(data []byte) {
	if s.Content {
		return
	}
	if len(s.joined)+len(data) > MaxLine {
		s.noteContent()
		return
	}
	s.joined = append(append(s.joined, data...), '\n')
}

// judgeJoined looks into the lines that join has collected, once: to look after
// each line would take a time that grows with the square of their number.
func (s *Stream) judgeJoined() bool {
	var e event
	if len(s.joined) == 0 || e.read(s.joined) != nil {
		return false
	}
	s.judge(&e, s.joined)
	s.joined = nil
	return true
}

// endEvent notes the blank line after an event.
func (s *Stream) endEvent() {
	if s.named && !s.Failed {
		s.fail(nil)
	}
	s.Ended = s.Ended || s.last
	s.named, s.last, s.told, s.filled = false, false, false, false
	if !s.judgeJoined() && len(s.joined) > 0 { // no JSON: whatever it is, it is not ours to hold back
		s.noteContent()
		s.joined = nil
	}
}

func (s *Stream) fail(data []byte) {
	if !s.Failed {
		s.Failed = true
		s.Error = bytes.Clone(data)
	}
}

// findModel finds the model in an event that passes amid others.
func findModel(data []byte) (start, end int) {
	err := Members(data, func(key []byte, from, to int) bool {
		switch string(key) {
		case "model":
			if data[from] == '"' {
				start, end = from, to
			}
		case "message", "response":
			if a, b := innerModel(data[from:to]); b > 0 {
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

// read takes an event apart.
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
			if a, b := innerModel(value); b > 0 && e.end == 0 {
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

// innerModel finds the string member "model" of the object in data.
func innerModel(data []byte) (start, end int) {
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

// isError reports whether the event tells that the request failed.
func (e *event) isError() bool {
	switch string(e.kind) {
	case `"error"`, `"response.failed"`, `"response.error"`:
		return true
	}
	return string(e.object) == `"error"` || !IsEmpty(e.err) || ChoiceFailed(e.choices)
}

// ChoiceFailed reports whether one of a chat reply's choices holds an error
// instead of an answer, as OpenRouter's do.
func ChoiceFailed(choices []byte) bool {
	if !bytes.Contains(choices, []byte(`"error"`)) {
		return false
	}
	failed := false
	_ = Elements(choices, func(from, to int) bool { // what is not well-formed has no error in it
		_ = Members(choices[from:to], func(key []byte, a, b int) bool {
			value := choices[from+a : from+b]
			switch string(key) {
			case "error":
				failed = failed || !IsEmpty(value)
			case "finish_reason":
				failed = failed || string(value) == `"error"`
			}
			return !failed
		})
		return !failed
	})
	return failed
}

// opens reports whether the event only opens a reply: it holds nothing that a
// client could show.
func (e *event) opens() bool {
	switch string(e.kind) {
	case `"message_start"`, `"ping"`, `"keepalive"`, `"response.created"`, `"response.in_progress"`, `"response.queued"`:
		return true
	case `"content_block_start"`:
		return isHollow(e.block)
	case `"response.output_item.added"`, `"response.content_part.added"`, `"response.reasoning_summary_part.added"`:
		return isHollow(e.response)
	}
	if e.choices == nil || len(e.usage) > 0 && e.usage[0] == '{' {
		return e.members == 0
	}
	return AreHollowChoices(e.choices)
}

// AreHollowChoices reports whether the choices of a chat or completions reply,
// or of a chunk of one, hold no answer.
func AreHollowChoices(choices []byte) bool {
	hollow := true
	err := Elements(choices, func(from, to int) bool {
		hollow = hollow && isHollowChoice(choices[from:to])
		return hollow
	})
	return err == nil && hollow
}

// isHollow reports whether a content block, an item or a part is an empty text,
// message or piece of reasoning. A tool call never is: it has a name.
func isHollow(part []byte) bool {
	hollow := true
	err := Members(part, func(key []byte, from, to int) bool {
		value := part[from:to]
		switch string(key) {
		case "type":
			switch string(value) {
			case `"text"`, `"thinking"`, `"message"`, `"reasoning"`, `"output_text"`, `"summary_text"`, `"reasoning_text"`:
			default:
				hollow = false
			}
		case "text", "thinking", "content", "summary", "signature":
			hollow = hollow && IsEmpty(value)
		}
		return hollow
	})
	return err == nil && hollow
}

// isHollowChoice reports whether a choice of a chat or completions chunk holds
// no more than a role.
func isHollowChoice(choice []byte) bool {
	hollow := true
	err := Members(choice, func(key []byte, from, to int) bool {
		value := choice[from:to]
		switch string(key) {
		case "delta", "message":
			hollow = isHollowDelta(value)
		case "text", "finish_reason":
			hollow = IsEmpty(value)
		}
		return hollow
	})
	return err == nil && hollow
}

func isHollowDelta(delta []byte) bool {
	if IsEmpty(delta) {
		return true
	}
	hollow := true
	err := Members(delta, func(key []byte, from, to int) bool {
		hollow = string(key) == "role" || IsEmpty(delta[from:to])
		return hollow
	})
	return err == nil && hollow
}

// IsEmpty reports whether a JSON value says nothing: it is absent, null,
// false, or an empty string, object or array.
func IsEmpty(value []byte) bool {
	switch string(value) {
	case "", "null", "false", `""`, "{}", "[]", "0":
		return true
	}
	return (value[0] == '{' || value[0] == '[') && len(bytes.TrimSpace(value[1:len(value)-1])) == 0
}

// noteEnd notes whether the event is the end that its dialect demands.
func (s *Stream) noteEnd(data []byte) {
	switch {
	case s.Ended, s.told:
	case s.typed:
		s.Ended = isTypedEnd(data)
	default:
		s.Ended = isChatEnd(data)
	}
}

// isEventType reports whether an event line's name is a type of Anthropic's or
// the Responses API, so that the data need not be asked for it.
func isEventType(name []byte) bool {
	return bytes.HasPrefix(name, []byte("response.")) || bytes.HasPrefix(name, []byte("message_")) || bytes.HasPrefix(name, []byte("content_block_"))
}

// isLast reports whether a stream ends with the event of that type.
func isLast(kind []byte) bool {
	switch string(kind) {
	case "message_stop", "response.completed", "response.incomplete", "response.failed", "response.cancelled":
		return true
	}
	return false
}

func isTypedEnd(data []byte) bool {
	ended := false
	_ = Members(data, func(key []byte, from, to int) bool { // what is not well-formed is not the end
		if string(key) == "type" && to-from > 2 {
			ended = isLast(data[from+1 : to-1])
		}
		return string(key) != "type"
	})
	return ended
}

// isChatEnd reports whether a chat or completions chunk names a finish reason
// or brings the usage after the last choice. Within text the quotes of a key
// would be escaped. Some upstreams send the usage so far in every chunk, beside
// a choice; that is not the end.
func isChatEnd(data []byte) bool {
	const key = `finish_reason"`
	at := bytes.Index(data, []byte(key))
	if at < 0 {
		return isUsageChunk(data)
	}
	for ; at >= 0; at = bytes.Index(data, []byte(key)) {
		isKey := at > 0 && data[at-1] == '"'
		data = data[at+len(key):]
		i := space(data, 0)
		if !isKey || i == len(data) || data[i] != ':' {
			continue
		}
		if i = space(data, i+1); i+1 < len(data) && data[i] == '"' && data[i+1] != '"' {
			return true
		}
	}
	return false
}

func isUsageChunk(data []byte) bool {
	if !bytes.Contains(data, []byte(`usage"`)) {
		return false
	}
	var e event
	if e.read(data) != nil {
		return false
	}
	return len(e.usage) > 0 && e.usage[0] == '{' && IsEmpty(e.choices)
}
