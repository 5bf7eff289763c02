package splice

import "bytes"

// MaxLine is the longest line, in bytes, that Stream looks into; longer ones
// pass unchanged. An event of such length is a finished reply with images in it.
const MaxLine = 1 << 20

// Stream replaces the model in server-sent events as they pass: the top-level
// "model" of a chat chunk, message.model of Anthropic's message_start, and
// response.model of the Responses API. A byte order mark at the start is left
// out. From the first line on that ends in a CR alone, all line ends become LF,
// which every client reads. All other bytes stay the same.
//
// Whole lines come out at once. Only an unfinished line is held back, since a
// reader could not use it before its end. How the input was cut into chunks never
// changes the output.
//
// Stream also notes what passed: content, an error, the end of the stream.
type Stream struct {
	Model []byte            // the JSON string literal to put in
	Watch func(data []byte) // gets the data of data lines that name the usage, and must not keep them; may be nil

	WatchesAll bool // Watch gets the data of each data line except [DONE]

	Events  int    // data lines that passed, without [DONE]
	Content bool   // an event that a client could show passed, and no error before it
	Ended   bool   // the end of the dialect passed: a finish reason, message_stop, response.completed …
	Done    bool   // a "data: [DONE]" line passed
	Failed  bool   // an error event passed
	Error   []byte // the data of the first error event

	heldLine   []byte // the unfinished line
	joinedData []byte // the data so far of an event with several lines, while Content is false
	hasBegun   bool   // the first bytes, which may be a byte order mark, were looked at
	inLongLine bool   // the rest of a line longer than MaxLine passes
	inEvent    bool   // the last line that came out was not the blank line that ends an event
	hasBareCR  bool   // a line ended in a CR alone: all line ends become LF
	skipsLF    bool   // the last chunk ended in a CR that ended a line: a following LF belongs to that line end
	hasTypes   bool   // events have a "type", as those of Anthropic and of the Responses API; chat chunks have none
	isGoogle   bool   // events have candidates, or feedback on the prompt
	bare       []byte // lines outside of events, where Google sends errors
	common     prefix // with which the data of events begin
	hasData    bool   // a data line of the current event passed
	namesError bool   // the event line of the current event names an error
	namesLast  bool   // the event line of the current event names the last one
	namesType  bool   // the event line of the current event repeats its type
}

// The beginnings of a stream and of a data line.
const (
	byteOrderMark = "\xef\xbb\xbf"
	dataPrefix    = "data:"
)

// maxKept is the longest buffer, in bytes, that Reset keeps.
const maxKept = 16 << 10

// Reset makes s a new Stream with that Model, and keeps its buffers.
func (s *Stream) Reset(model []byte) {
	held := s.heldLine
	if cap(held) > maxKept {
		held = nil
	}
	*s = Stream{Model: model, heldLine: held[:0], common: prefix{text: s.common.text[:0]}}
}

// Append takes a chunk of input and appends to dst the bytes that may pass now.
func (s *Stream) Append(dst, chunk []byte) []byte {
	if !s.hasBegun {
		chunk = s.dropByteOrderMark(chunk)
	}
	for len(chunk) > 0 {
		if s.skipsLF {
			s.skipsLF = false
			if chunk[0] == '\n' {
				chunk = chunk[1:]
				continue
			}
		}
		if s.holdsCR() && chunk[0] != '\n' {
			s.hasBareCR = true
			dst = s.endLine(dst, nil)
			continue
		}
		n := s.lineEnd(chunk)
		if n == 0 {
			return s.holdPart(dst, chunk)
		}
		dst = s.endLine(dst, chunk[:n])
		chunk = chunk[n:]
	}
	return dst
}

// Finish ends a stream whose input is complete: an unfinished line and an
// unfinished event get their line ends.
func (s *Stream) Finish(dst []byte) []byte {
	s.hasBegun = true
	if len(s.heldLine) > 0 || s.inLongLine {
		dst = s.Append(dst, []byte{'\n'})
	}
	return s.Abandon(dst)
}

// EndInput notes that no more input comes. Since some servers omit the last line ends,
// the line that is held back is appended to dst if its data are whole, and the last
// event counts.
func (s *Stream) EndInput(dst []byte) []byte {
	dst = s.completeHeldLine(dst)
	s.inspectJoined()
	s.Ended = s.Ended || s.namesLast && s.hasData
	return dst
}

// completeHeldLine appends the line that is held back to dst if its data are whole.
func (s *Stream) completeHeldLine(dst []byte) []byte {
	data, ok := bytes.CutPrefix(bytes.TrimSpace(s.heldLine), []byte(dataPrefix))
	if !ok || s.inLongLine {
		return dst
	}
	data = bytes.TrimSpace(data)
	if !s.namesError && string(data) != "[DONE]" {
		all := Visit(func([]byte, int, int) bool { return true })
		if Members(data, all) != nil && Members(append(bytes.Clone(s.joinedData), data...), all) != nil {
			return dst
		}
	}
	return s.Append(dst, []byte{'\n'})
}

// Held returns the line that is held back.
func (s *Stream) Held() []byte { return s.heldLine }

// Abandon drops the unfinished line of a stream that broke off and ends the
// unfinished event, so that an error event can follow.
func (s *Stream) Abandon(dst []byte) []byte {
	if s.inLongLine {
		dst = append(dst, '\n')
	}
	if s.inEvent {
		dst = append(dst, '\n')
	}
	s.heldLine, s.inLongLine, s.inEvent = s.heldLine[:0], false, false
	return dst
}

// InEvent reports whether the last line that came out left an event unfinished.
func (s *Stream) InEvent() bool { return s.inEvent }

// InLine reports whether what came out ends inside of a line.
func (s *Stream) InLine() bool { return s.inLongLine }

// dropByteOrderMark returns the bytes after a byte order mark, or nothing while the
// bytes so far may be the beginning of one.
func (s *Stream) dropByteOrderMark(chunk []byte) []byte {
	if len(s.heldLine) > 0 {
		chunk = append(s.heldLine, chunk...)
		s.heldLine = nil
	}
	if len(chunk) < len(byteOrderMark) && bytes.HasPrefix([]byte(byteOrderMark), chunk) {
		s.heldLine = append(s.heldLine, chunk...)
		return nil
	}
	s.hasBegun = true
	return bytes.TrimPrefix(chunk, []byte(byteOrderMark))
}

// holdsCR reports whether the line that is held back ends in a CR, which ends the line
// whatever follows.
func (s *Stream) holdsCR() bool { return len(s.heldLine) > 0 && s.heldLine[len(s.heldLine)-1] == '\r' }

// lineEnd returns the length of chunk's first line with its line end: LF, CR
// LF, or CR. It returns 0 when the end is not there yet. A CR at the end of
// the chunk counts only when an earlier line ended in a CR alone.
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
		s.hasBareCR = true
		return cr
	case s.hasBareCR:
		s.skipsLF = true
		return cr
	}
	return 0
}

// endLine appends to dst the line that consists of the part that is held back and last.
func (s *Stream) endLine(dst, last []byte) []byte {
	if s.inLongLine {
		s.inLongLine = false
		text := trimLineEnd(last)
		s.heldLine = append(s.heldLine, last[len(text):]...)
		dst = s.appendLineEnd(append(dst, text...), s.heldLine)
		s.heldLine = s.heldLine[:0]
		return dst
	}
	if len(s.heldLine) == 0 {
		return s.passLine(dst, last)
	}
	s.heldLine = append(s.heldLine, last...)
	dst = s.passLine(dst, s.heldLine)
	s.heldLine = s.heldLine[:0]
	return dst
}

// holdPart holds a chunk without a line end back, or appends it to dst when its line is too long.
func (s *Stream) holdPart(dst, chunk []byte) []byte {
	if !s.inLongLine && len(s.heldLine)+len(chunk) <= MaxLine {
		s.heldLine = append(s.heldLine, chunk...)
		return dst
	}
	if !s.inLongLine {
		s.inLongLine = true
		dst = append(dst, s.heldLine...)
		s.heldLine = append(s.heldLine, chunk[:min(len(chunk), len(dataPrefix))]...)
		s.noteLongLine(s.heldLine)
		s.heldLine = s.heldLine[:0]
	}
	if end := len(chunk) - 1; chunk[end] == '\r' {
		s.heldLine = append(s.heldLine, '\r')
		chunk = chunk[:end]
	}
	return append(dst, chunk...)
}

// passLine appends one whole line, its line end included, to dst.
func (s *Stream) passLine(dst, line []byte) []byte {
	text := trimLineEnd(line)
	end := line[len(text):]
	if len(text) > MaxLine {
		s.noteLongLine(line)
		return s.appendLineEnd(append(dst, text...), end)
	}
	s.inEvent = len(text) > 0
	switch {
	case !s.inEvent:
		s.endEvent()
	case bytes.HasPrefix(text, []byte(dataPrefix)):
		return s.appendLineEnd(s.passData(dst, text), end)
	case text[0] == '{' || len(s.bare) > 0:
		s.noteBareLine(text)
	case bytes.HasPrefix(text, []byte("event:")):
		name := bytes.TrimPrefix(text[len("event:"):], []byte{' '})
		s.namesError, s.namesLast, s.namesType = string(name) == "error", isLastType(name), isEventType(name)
	}
	return s.appendLineEnd(append(dst, text...), end)
}

// passData appends a data line without its line end to dst, with the model replaced.
func (s *Stream) passData(dst, text []byte) []byte {
	data := bytes.TrimLeft(text[len(dataPrefix):], " ")
	if len(data) < 10 && string(bytes.TrimSpace(data)) == "[DONE]" {
		s.Done = true
		return append(dst, text...)
	}
	s.Events++
	s.hasData = true
	known := s.common.match(data)
	found := findTexts(data[known:])
	if s.Watch != nil && (found.usage || s.WatchesAll) {
		s.Watch(data)
	}
	start, end := s.inspect(data, known, found)
	if end == 0 {
		return append(dst, text...)
	}
	at := len(text) - len(data)
	dst = append(dst, text[:at+start]...)
	dst = append(dst, s.Model...)
	return append(dst, text[at+end:]...)
}

// noteLongLine notes a line that is too long to be inspected.
func (s *Stream) noteLongLine(line []byte) {
	s.inEvent = true
	if bytes.HasPrefix(line, []byte(dataPrefix)) {
		s.Events++
		s.noteContent()
	}
}

// appendLineEnd appends a line end, or an LF when line ends are replaced.
func (s *Stream) appendLineEnd(dst, end []byte) []byte {
	if s.hasBareCR {
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
