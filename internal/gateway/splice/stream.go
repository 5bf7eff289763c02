package splice

import "bytes"

// MaxLine is the longest line, in bytes, that Stream looks into; longer ones
// pass as they are. An event that long is a finished answer with images in it.
const MaxLine = 1 << 20

// Stream replaces the model in server-sent events as they pass: the top-level
// "model" of a chat chunk, message.model of Anthropic's message_start, and
// response.model of the Responses API. All other bytes stay what they are.
//
// Whole lines come out at once; only an unfinished line is held back, which no
// reader could use before its end. How the input was cut into chunks never
// changes the output.
type Stream struct {
	Model []byte // the JSON string literal to put in

	Events    int  // data lines seen, [DONE] not counted
	Done      bool // a "data: [DONE]" line passed
	Failed    bool // an error event passed
	Stillborn bool // the first event was an error

	hold []byte // the unfinished line
	long bool   // the rest of a line longer than MaxLine passes
	open bool   // the last line that came out was not the blank one that ends an event
}

// Append appends to dst what may pass after chunk arrived, and returns dst.
func (s *Stream) Append(dst, chunk []byte) []byte {
	for len(chunk) > 0 {
		n := bytes.IndexByte(chunk, '\n') + 1
		if n == 0 {
			return s.partial(dst, chunk)
		}
		line := chunk[:n]
		chunk = chunk[n:]
		switch {
		case s.long:
			s.long = false
			dst = append(dst, line...)
		case len(s.hold) > 0:
			s.hold = append(s.hold, line...)
			dst = s.line(dst, s.hold)
			s.hold = s.hold[:0]
		default:
			dst = s.line(dst, line)
		}
	}
	return dst
}

// Finish ends a stream that came to its regular end: an unfinished line and an
// unfinished event are completed.
func (s *Stream) Finish(dst []byte) []byte {
	if len(s.hold) > 0 || s.long {
		dst = s.Append(dst, []byte{'\n'})
	}
	return s.Abandon(dst)
}

// Abandon drops the unfinished line of a stream that broke off and ends the
// unfinished event, so that an error event can follow.
func (s *Stream) Abandon(dst []byte) []byte {
	if s.long {
		dst = append(dst, '\n')
	}
	if s.open {
		dst = append(dst, '\n')
	}
	s.hold, s.long, s.open = s.hold[:0], false, false
	return dst
}

func (s *Stream) partial(dst, chunk []byte) []byte {
	if !s.long && len(s.hold)+len(chunk) <= MaxLine {
		s.hold = append(s.hold, chunk...)
		return dst
	}
	if !s.long {
		s.long = true
		dst = append(dst, s.hold...)
		s.hold = append(s.hold, chunk[:min(len(chunk), len(dataPrefix))]...)
		s.countLong(s.hold)
		s.hold = s.hold[:0]
	}
	return append(dst, chunk...)
}

const dataPrefix = "data:"

// line passes one whole line, its line feed included.
func (s *Stream) line(dst, line []byte) []byte {
	text := bytes.TrimSuffix(line[:len(line)-1], []byte{'\r'})
	if len(line)-1 > MaxLine {
		s.countLong(line)
		return append(dst, line...)
	}
	s.open = len(text) > 0
	if !bytes.HasPrefix(text, []byte(dataPrefix)) {
		if bytes.HasPrefix(text, []byte("event: error")) {
			s.fail(s.Events + 1)
		}
		return append(dst, line...)
	}
	data := bytes.TrimLeft(text[len(dataPrefix):], " ")
	if bytes.Equal(data, []byte("[DONE]")) {
		s.Done = true
		return append(dst, line...)
	}
	s.Events++
	start, end := s.inspect(data)
	if end == 0 {
		return append(dst, line...)
	}
	at := len(text) - len(data)
	dst = append(dst, line[:at+start]...)
	dst = append(dst, s.Model...)
	return append(dst, line[at+end:]...)
}

// fail notes that the event of that number is an error.
func (s *Stream) fail(event int) {
	s.Failed = true
	s.Stillborn = s.Stillborn || event == 1
}

// countLong keeps the count right for a line that is too long to look into.
func (s *Stream) countLong(line []byte) {
	s.open = true
	if bytes.HasPrefix(line, []byte(dataPrefix)) {
		s.Events++
	}
}

// inspect finds the model in an event's data; end is 0 when there is none.
func (s *Stream) inspect(data []byte) (start, end int) {
	hasModel := bytes.Contains(data, []byte(`"model"`))
	if !hasModel && !bytes.Contains(data, []byte(`"error"`)) {
		return 0, 0
	}
	err := Members(data, func(key []byte, from, to int) bool {
		switch string(key) {
		case "model":
			if data[from] == '"' {
				start, end = from, to
			}
			return end == 0
		case "message", "response":
			a, b := inner(data[from:to])
			if b > 0 {
				start, end = from+a, from+b
			}
			return end == 0
		case "error":
			if data[from] == '{' || data[from] == '"' {
				s.fail(s.Events)
			}
		case "type":
			if string(data[from:to]) == `"error"` {
				s.fail(s.Events)
			}
		}
		return true
	})
	if err != nil {
		return 0, 0
	}
	return start, end
}

// inner finds the string member "model" of the object in data.
func inner(data []byte) (start, end int) {
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
