package translate

import (
	"bytes"
	"encoding/json"
)

// maxEvent is the longest event, in bytes, that is read; a longer one is broken.
const maxEvent = 16 << 20

// events takes a stream of server-sent events apart. Lines end in LF or CR LF.
type events struct {
	hold    []byte // the unfinished line
	joined  []byte // the data so far of an event over several lines
	isError bool   // the event line says error
	broken  bool
	begun   bool
}

// append takes in a chunk and calls visit with the data of each event in it: a
// valid JSON document, or "[DONE]". Data that are whole on one line go out with it;
// the blank line behind is awaited only where they stand on several.
func (e *events) append(chunk []byte, visit func(data []byte, isError bool)) {
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
		e.line(bytes.TrimSuffix(line, []byte{'\r'}), visit)
		e.hold = e.hold[:0]
		chunk = chunk[n+1:]
	}
}

// end takes in the line that the stream left unfinished.
func (e *events) end(visit func(data []byte, isError bool)) {
	if len(e.hold) > 0 && !e.broken {
		e.line(bytes.TrimSuffix(e.hold, []byte{'\r'}), visit)
	}
	if !e.broken {
		e.joinedEnd(visit)
	}
}

// joinedEnd ends an event whose data stand on several lines. They are looked at once:
// doing so after each line would take a time that grows with the square of their number.
func (e *events) joinedEnd(visit func(data []byte, isError bool)) {
	if len(e.joined) == 0 {
		return
	}
	if e.broken = !json.Valid(e.joined); !e.broken {
		visit(e.joined, e.isError)
	}
	e.joined = e.joined[:0]
}

func (e *events) line(line []byte, visit func(data []byte, isError bool)) {
	if !e.begun {
		e.begun = true
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	switch {
	case len(line) == 0:
		e.joinedEnd(visit)
		e.isError = false
	case bytes.HasPrefix(line, []byte("data:")):
		e.data(bytes.TrimSpace(line[len("data:"):]), visit)
	case bytes.HasPrefix(line, []byte("event:")):
		e.isError = string(bytes.TrimSpace(line[len("event:"):])) == "error"
	}
}

func (e *events) data(data []byte, visit func(data []byte, isError bool)) {
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
