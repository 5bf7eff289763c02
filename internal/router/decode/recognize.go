package decode

import (
	"bytes"
	"net/http"
	"strings"
)

// ByteOrderMark is the byte order mark in UTF-8, with which some bodies begin.
const ByteOrderMark = "\xef\xbb\xbf"

// Form is the form of a reply.
type Form int

// The forms of a reply.
const (
	Unknown Form = iota // more bytes are needed
	Whole               // one document
	Stream              // server-sent events
)

// streamFields are the names of the fields of server-sent events.
var streamFields = [...]string{"data", "event", "id", "retry"}

// Recognize returns the form of a reply by its first bytes. isStream says whether the
// Content-Type announces a stream; it decides where the bytes do not.
func Recognize(start []byte, isStream bool) Form {
	if isPrefixOf(start, ByteOrderMark) || mayBeCompressed(start) {
		return Unknown
	}
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte(ByteOrderMark)), " \t\r\n")
	if len(start) == 0 {
		return Unknown
	}
	switch start[0] {
	case '{', '[':
		return Whole
	case ':':
		return Stream
	}
	for _, field := range streamFields {
		switch {
		case len(start) <= len(field):
			if strings.HasPrefix(field, string(start)) {
				return Unknown
			}
		case strings.HasPrefix(string(start[:len(field)]), field) && strings.IndexByte(":\r\n", start[len(field)]) >= 0:
			return Stream
		}
	}
	return Declared(isStream)
}

// Declared returns Stream when the Content-Type announces a stream, else Whole.
func Declared(isStream bool) Form {
	if isStream {
		return Stream
	}
	return Whole
}

// IsEventStream reports whether the Content-Type in h announces server-sent events.
func IsEventStream(h http.Header) bool {
	values := h["Content-Type"]
	if len(values) == 0 {
		return false
	}
	media, _, _ := strings.Cut(values[0], ";")
	return strings.EqualFold(strings.TrimSpace(media), "text/event-stream")
}
