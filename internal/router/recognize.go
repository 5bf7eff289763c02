package router

import (
	"bytes"
	"net/http"
	"strings"
)

const byteOrderMark = "\xef\xbb\xbf"

// replyForm is what the bytes of a reply are.
type replyForm int

const (
	formUnknown replyForm = iota // too few bytes yet
	formWhole
	formStream
)

// streamFields are the fields that server-sent events consist of.
var streamFields = [...]string{"data", "event", "id", "retry"}

// recognizeReply tells a stream of events from a whole reply by the first
// bytes. declared says what the Content-Type announces: it counts where the
// bytes are neither.
func recognizeReply(start []byte, declared bool) replyForm {
	if isPartOf(start, byteOrderMark) || mayBeCompressed(start) {
		return formUnknown
	}
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte(byteOrderMark)), " \t\r\n")
	if len(start) == 0 {
		return formUnknown
	}
	switch start[0] {
	case '{', '[':
		return formWhole
	case ':':
		return formStream
	}
	for _, field := range streamFields {
		switch {
		case len(start) <= len(field):
			if strings.HasPrefix(field, string(start)) {
				return formUnknown
			}
		case strings.HasPrefix(string(start[:len(field)]), field) && strings.IndexByte(":\r\n", start[len(field)]) >= 0:
			return formStream
		}
	}
	return declaredForm(declared)
}

func declaredForm(isStream bool) replyForm {
	if isStream {
		return formStream
	}
	return formWhole
}

// isEventStream reports whether the Content-Type announces server-sent events.
func isEventStream(h http.Header) bool {
	values := h["Content-Type"]
	if len(values) == 0 {
		return false
	}
	media, _, _ := strings.Cut(values[0], ";")
	return strings.EqualFold(strings.TrimSpace(media), "text/event-stream")
}
