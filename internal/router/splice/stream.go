package splice

import "bytes"

// MaxLine is the longest line, in bytes, that Stream looks into; longer ones
// pass as they are. An event that long is a finished answer with images in it.
const MaxLine = 1 << 20

// Stream replaces the model in server-sent events as they pass: the top-level
// "model" of a chat chunk, message.model of Anthropic's message_start, and
// response.model of the Responses API. A byte order mark at the start is left
// out, and in a stream with line ends that are a CR alone all line ends become
// LF, which every client reads. All other bytes stay what they are.
//
// Whole lines come out at once; only an unfinished line is held back, which no
// reader could use before its end. How the input was cut into chunks never
// changes the output.
//
// Stream also notes what passed: content, an error, the stream's own end.
type Stream struct {
	Model []byte // the JSON string literal to put in

	Events  int    // data lines seen, [DONE] not counted
	Content bool   // before any error, an event passed that a client could show; the events before it only open a reply
	Ended   bool   // the end that the dialect demands passed: a finish reason, message_stop, response.completed
	Done    bool   // a "data: [DONE]" line passed
	Failed  bool   // an error event passed
	Error   []byte // the data of the first error event

	hold   []byte // the unfinished line
	joined []byte // the data so far of an event over several lines, while Content is false
	begun  bool   // the first bytes, which may be a byte order mark, were looked at
	long   bool   // the rest of a line longer than MaxLine passes
	open   bool   // the last line that came out was not the blank one that ends an event
	bareCR bool   // a line ended in a CR alone: all line ends become LF
	skipLF bool   // the last chunk ended in a CR that ended a line: an LF after it belongs to it
	typed  bool   // events have a "type", as in Anthropic's and the Responses API; chat chunks do not
	named  bool   // the event line of the current event says error
	last   bool   // the event line of the current event names the last one
	filled bool   // a data line of the current event passed
	told   bool   // the event line of the current event repeats its type
}

const (
	byteOrderMark = "\xef\xbb\xbf"
	dataPrefix    = "data:"
)

// Append appends to dst what may pass after chunk arrived, and returns dst.
func (s *Stream) Append(dst, chunk []byte) []byte {
	if !s.begun {
		chunk = s.dropByteOrderMark(chunk)
	}
	for len(chunk) > 0 {
		if s.skipLF {
			s.skipLF = false
			if chunk[0] == '\n' {
				chunk = chunk[1:]
				continue
			}
		}
		if s.holdsCR() && chunk[0] != '\n' {
			s.bareCR = true
			dst = s.finishLine(dst, nil)
			continue
		}
		n := s.lineEnd(chunk)
		if n == 0 {
			return s.partial(dst, chunk)
		}
		dst = s.finishLine(dst, chunk[:n])
		chunk = chunk[n:]
	}
	return dst
}

// Finish ends a stream that came to its regular end: an unfinished line and an
// unfinished event are completed.
func (s *Stream) Finish(dst []byte) []byte {
	s.begun = true
	if len(s.hold) > 0 || s.long {
		dst = s.Append(dst, []byte{'\n'})
	}
	return s.Abandon(dst)
}

// EndInput is called when no more input comes. Some servers leave the last line
// ends out: the line that is held back is passed on if its data are whole, and
// what the last event says counts.
func (s *Stream) EndInput(dst []byte) []byte {
	dst = s.completeLine(dst)
	s.judgeJoined()
	s.Ended = s.Ended || s.last && s.filled
	return dst
}

func (s *Stream) completeLine(dst []byte) []byte {
	data, ok := bytes.CutPrefix(bytes.TrimSpace(s.hold), []byte(dataPrefix))
	if !ok || s.long {
		return dst
	}
	data = bytes.TrimSpace(data)
	if !s.named && string(data) != "[DONE]" {
		all := Visit(func([]byte, int, int) bool { return true })
		if Members(data, all) != nil && Members(append(bytes.Clone(s.joined), data...), all) != nil {
			return dst
		}
	}
	return s.Append(dst, []byte{'\n'})
}

// Held is the line that is held back.
func (s *Stream) Held() []byte { return s.hold }

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

// InEvent reports whether the last line that came out left an event unfinished.
func (s *Stream) InEvent() bool { return s.open }

// InLine reports whether what came out ends inside of a line.
func (s *Stream) InLine() bool { return s.long }

// dropByteOrderMark returns what there is to read after a byte order mark;
// nothing while the bytes so far may be the beginning of one.
func (s *Stream) dropByteOrderMark(chunk []byte) []byte {
	if len(s.hold) > 0 {
		chunk = append(s.hold, chunk...)
		s.hold = nil
	}
	if len(chunk) < len(byteOrderMark) && bytes.HasPrefix([]byte(byteOrderMark), chunk) {
		s.hold = append(s.hold, chunk...)
		return nil
	}
	s.begun = true
	return bytes.TrimPrefix(chunk, []byte(byteOrderMark))
}

// holdsCR reports whether the line held back ends in a CR, which ends the line
// whatever follows.
func (s *Stream) holdsCR() bool { return len(s.hold) > 0 && s.hold[len(s.hold)-1] == '\r' }

// lineEnd returns the length of chunk's first line with its line end: LF, CR
// LF, or CR. It returns 0 when the end is not there yet. A CR at the end of
// the chunk counts only once the stream is known to end lines so.
func (s *Stream) lineEnd(chunk []byte) int {
	n := bytes.IndexByte(chunk, '\n') + 1
	part := chunk
	if n > 0 {
		part = chunk[:n]
	}
	cr := bytes.IndexByte(part, '\r') + 1
	switch {
	case cr == 0 || cr == n-1:
		return n
	case cr < len(part):
		s.bareCR = true
		return cr
	case s.bareCR:
		s.skipLF = true
		return cr
	}
	return 0
}

// finishLine passes the line that ends in last, which follows what is held back.
func (s *Stream) finishLine(dst, last []byte) []byte {
	if s.long {
		s.long = false
		text := trimLineEnd(last)
		s.hold = append(s.hold, last[len(text):]...)
		dst = s.appendLineEnd(append(dst, text...), s.hold)
		s.hold = s.hold[:0]
		return dst
	}
	if len(s.hold) == 0 {
		return s.line(dst, last)
	}
	s.hold = append(s.hold, last...)
	dst = s.line(dst, s.hold)
	s.hold = s.hold[:0]
	return dst
}

// partial takes in a chunk without a line end.
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
	if end := len(chunk) - 1; chunk[end] == '\r' {
		s.hold = append(s.hold, '\r')
		chunk = chunk[:end]
	}
	return append(dst, chunk...)
}

// line passes one whole line, its line end included.
func (s *Stream) line(dst, line []byte) []byte {
	text := trimLineEnd(line)
	end := line[len(text):]
	if len(text) > MaxLine {
		s.countLong(line)
		return s.appendLineEnd(append(dst, text...), end)
	}
	s.open = len(text) > 0
	switch {
	case !s.open:
		s.endEvent()
	case bytes.HasPrefix(text, []byte(dataPrefix)):
		return s.appendLineEnd(s.dataLine(dst, text), end)
	case bytes.HasPrefix(text, []byte("event:")):
		name := bytes.TrimPrefix(text[len("event:"):], []byte{' '})
		s.named, s.last, s.told = string(name) == "error", isLast(name), isEventType(name)
	}
	return s.appendLineEnd(append(dst, text...), end)
}

// dataLine passes a data line, given without its line end.
func (s *Stream) dataLine(dst, text []byte) []byte {
	data := bytes.TrimLeft(text[len(dataPrefix):], " ")
	if len(data) < 10 && string(bytes.TrimSpace(data)) == "[DONE]" {
		s.Done = true
		return append(dst, text...)
	}
	s.Events++
	s.filled = true
	start, end := s.inspect(data)
	if end == 0 {
		return append(dst, text...)
	}
	at := len(text) - len(data)
	dst = append(dst, text[:at+start]...)
	dst = append(dst, s.Model...)
	return append(dst, text[at+end:]...)
}

// countLong notes a line that is too long to look into.
func (s *Stream) countLong(line []byte) {
	s.open = true
	if bytes.HasPrefix(line, []byte(dataPrefix)) {
		s.Events++
		s.noteContent()
	}
}

func (s *Stream) appendLineEnd(dst, end []byte) []byte {
	if s.bareCR {
		return append(dst, '\n')
	}
	return append(dst, end...)
}

// trimLineEnd cuts LF, CR LF or CR off the end of a line.
func trimLineEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}
