package translate

import (
	"bytes"
	"encoding/json"
)

// maxEvent is the size in bytes of the longest event that is read. A longer one is an error.
const maxEvent = 16 << 20

// eventParser reads the events of a stream of server-sent events. Lines end in LF or CR LF.
type eventParser struct {
	hold    []byte // the unfinished line
	joined  []byte // the data so far of an event with several data lines
	isError bool   // the event line says error
	broken  bool   // an event is too long or is not JSON; nothing more is read
	begun   bool   // the first line was read
}

// append reads a chunk and calls visit with the data of each event in it: a valid JSON
// document, "[DONE]", or anything in an error event. Data on one line are passed on at once;
// data on several lines wait for the blank line after them.
func (e *eventParser) append(chunk []byte, visit func(data []byte, isError bool)) {
	for len(chunk) > 0 && !e.broken {
		n := bytes.IndexByte(chunk, '\n')
		if n < 0 {
			e.hold = append(e.hold, chunk...)
			e.broken = len(e.hold) > maxEvent
			return
		}
		line := chunk[:n]
		if len(e.hold) > 0 {
			e.hold = append(e.hold, line...)
			line = e.hold
		}
		e.readLine(bytes.TrimSuffix(line, []byte{'\r'}), visit)
		e.hold = e.hold[:0]
		chunk = chunk[n+1:]
	}
}

// end reads the line that the stream left unfinished, and ends the last event.
func (e *eventParser) end(visit func(data []byte, isError bool)) {
	if len(e.hold) > 0 && !e.broken {
		e.readLine(bytes.TrimSuffix(e.hold, []byte{'\r'}), visit)
	}
	if !e.broken {
		e.endEvent(visit)
	}
}

// endEvent ends an event whose data stand on several lines. The data are validated only
// here: validating them after each line would take time quadratic in the number of lines.
func (e *eventParser) endEvent(visit func(data []byte, isError bool)) {
	if len(e.joined) == 0 {
		return
	}
	if e.broken = !json.Valid(e.joined); !e.broken {
		visit(e.joined, e.isError)
	}
	e.joined = e.joined[:0]
}

// readLine reads a line without its line end.
func (e *eventParser) readLine(line []byte, visit func(data []byte, isError bool)) {
	if !e.begun {
		e.begun = true
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	switch {
	case len(line) == 0:
		e.endEvent(visit)
		e.isError = false
	case bytes.HasPrefix(line, []byte("data:")):
		e.readData(bytes.TrimSpace(line[len("data:"):]), visit)
	case bytes.HasPrefix(line, []byte("event:")):
		e.isError = string(bytes.TrimSpace(line[len("event:"):])) == "error"
	}
}

// readData reads the value of a data line.
func (e *eventParser) readData(data []byte, visit func(data []byte, isError bool)) {
	if len(e.joined) == 0 && (string(data) == "[DONE]" || e.isError || json.Valid(data)) {
		if len(data) > 0 {
			visit(data, e.isError)
		}
		return
	}
	if len(data) == 0 {
		return
	}
	e.joined = append(append(e.joined, data...), '\n')
	e.broken = len(e.joined) > maxEvent
}
