package reply

import (
	"bytes"
	"net/http"
)

// ListWriter turns the events of a stream into the elements of a JSON list, which is
// Google's form of a stream for clients that do not ask for events. Each line of data
// becomes one element; comments become white space. A reply that is not a stream is written
// unchanged, except that an error becomes the only element of a list, as Google sends it.
type ListWriter struct {
	http.ResponseWriter
	isStream, isError bool
	hasElement        bool
	line              []byte // the unfinished line; all of an error
}

// NewListWriter returns a ListWriter that writes to w.
func NewListWriter(w http.ResponseWriter) *ListWriter { return &ListWriter{ResponseWriter: w} }

// Unwrap returns the underlying writer, for http.ResponseController.
func (l *ListWriter) Unwrap() http.ResponseWriter { return l.ResponseWriter }

// WriteHeader sends the status, and for a stream or an error the Content-Type of JSON.
func (l *ListWriter) WriteHeader(status int) {
	h := l.Header()
	l.isStream, l.isError = len(h["Content-Type"]) == 1 && h["Content-Type"][0] == sseType[0], status >= 400
	if l.isStream || l.isError {
		h["Content-Type"] = jsonType
		h.Del("Content-Length")
	}
	l.ResponseWriter.WriteHeader(status)
}

// Write writes the elements that p completes. For a stream or an error it returns len(p),
// because it keeps an unfinished element.
func (l *ListWriter) Write(p []byte) (int, error) {
	switch {
	case l.isError:
		l.line = append(l.line, p...)
		return len(p), nil
	case !l.isStream:
		return l.ResponseWriter.Write(p)
	}
	var out []byte
	for rest := p; ; {
		n := bytes.IndexByte(rest, '\n')
		if n < 0 {
			l.line = append(l.line, rest...)
			break
		}
		l.line = append(l.line, rest[:n]...)
		out = l.appendElement(out, l.line)
		l.line, rest = l.line[:0], rest[n+1:]
	}
	if len(out) == 0 {
		return len(p), nil
	}
	_, err := l.ResponseWriter.Write(out)
	return len(p), err
}

// appendElement appends the element that a line of an event becomes: its data, or a line
// break when it has none.
func (l *ListWriter) appendElement(dst, line []byte) []byte {
	data, isData := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data:"))
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0, !isData && data[0] != '{':
		return append(dst, '\n') // a keep-alive must send at least one byte
	case l.hasElement:
		dst = append(dst, ",\r\n"...)
	default:
		dst = append(dst, '[')
	}
	l.hasElement = true
	return append(dst, data...)
}

// Close ends the list. Nothing may be written afterwards.
func (l *ListWriter) Close() {
	if !l.isStream && !l.isError {
		return
	}
	out := l.appendElement(nil, l.line)
	if !l.hasElement {
		out = append(out, '[')
	}
	_, _ = l.ResponseWriter.Write(append(out, ']')) // an error means that the client left
}
