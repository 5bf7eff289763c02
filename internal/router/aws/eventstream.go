package aws

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// IsEventStream reports whether a header announces AWS's event stream.
func IsEventStream(h http.Header) bool {
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/vnd.amazon.eventstream")
}

// Events returns a reader of an event stream of AWS's as server-sent events. The data of an
// event of ConverseStream are an object with one member, whose name is the type of the
// event; those of InvokeModelWithResponseStream are what the model's own interface sends. An
// exception, and a frame that is broken, become an event of the type error, which ends the
// stream.
func Events(source io.ReadCloser) io.ReadCloser {
	return &eventReader{source: source, frames: bufio.NewReader(source), decoder: eventstream.NewDecoder()}
}

// eventReader reads the frames of an event stream, one for each call of Read that has
// nothing left.
type eventReader struct {
	source  io.ReadCloser
	frames  *bufio.Reader
	decoder *eventstream.Decoder
	payload []byte // memory of the frames' payloads
	out     []byte // the last event
	read    int    // bytes of out that were read
	err     error  // once set, nothing more is read from source
}

// Read returns the next bytes of the events. A read error of the source stays what it is.
func (r *eventReader) Read(p []byte) (int, error) {
	for r.read == len(r.out) {
		if r.err != nil {
			return 0, r.err
		}
		r.out, r.read = r.out[:0], 0
		r.next()
	}
	n := copy(p, r.out[r.read:])
	r.read += n
	return n, nil
}

// Close closes the source.
func (r *eventReader) Close() error { return r.source.Close() }

// next reads a frame and makes an event of it.
func (r *eventReader) next() {
	if _, err := r.frames.Peek(1); err != nil {
		r.err = err
		return
	}
	source := &watchedReader{Reader: r.frames}
	message, err := r.decoder.Decode(source, r.payload[:0])
	switch {
	case source.err != nil: // cut off: the connection is at fault, not the frame
		r.err = source.err
		return
	case err != nil:
		r.fail(&exception{kind: "api_error", message: "the upstream's event stream is broken: " + err.Error()})
		return
	}
	r.payload = message.Payload
	header := func(name string) string {
		if value := message.Headers.Get(name); value != nil {
			return value.String()
		}
		return ""
	}
	switch header(":message-type") {
	case "event":
		r.addEvent(header(":event-type"), message.Payload)
	case "exception":
		r.fail(newException(header(":exception-type"), message.Payload))
	case "error":
		r.fail(newException(header(":error-code"), fmt.Appendf(nil, `{"message":%q}`, header(":error-message"))))
	}
}

// watchedReader keeps the read error of a reader, but for the end of the stream within a
// frame it keeps io.ErrUnexpectedEOF.
type watchedReader struct {
	io.Reader
	err error
}

// Read reads from the reader.
func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if errors.Is(err, io.EOF) && n == 0 && len(p) > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// addEvent adds an event with the payload of a frame.
func (r *eventReader) addEvent(kind string, payload []byte) {
	if !json.Valid(payload) {
		r.fail(&exception{kind: "api_error", message: "the upstream sent an event that is not JSON"})
		return
	}
	if kind != "chunk" {
		if name, err := json.Marshal(kind); err == nil {
			r.out = append(append(append(r.out, "data: {"...), name...), ':')
			r.out = append(append(r.out, joinLines(payload)...), "}\n\n"...)
		}
		return
	}
	var chunk struct {
		Bytes string `json:"bytes"`
	}
	_ = json.Unmarshal(payload, &chunk) // a chunk without bytes is an empty one
	inner, err := base64.StdEncoding.DecodeString(chunk.Bytes)
	if err != nil || !json.Valid(inner) {
		r.fail(&exception{kind: "api_error", message: "the upstream sent a chunk that is not JSON"})
		return
	}
	var typed struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(inner, &typed) // not every model's events have a type
	if typed.Type != "" && !strings.ContainsAny(typed.Type, "\r\n") {
		r.out = append(append(append(r.out, "event: "...), typed.Type...), '\n')
	}
	r.out = append(append(append(r.out, "data: "...), joinLines(inner)...), "\n\n"...)
}

// joinLines replaces the line ends in JSON, which stand only between its tokens.
func joinLines(document []byte) []byte {
	return bytes.Map(func(c rune) rune {
		if c == '\n' || c == '\r' {
			return ' '
		}
		return c
	}, document)
}

// exception is an error within a stream.
type exception struct {
	kind    string // one of Anthropic's error types
	status  int    // the HTTP status that stands for it; 0 if unknown
	message string
}

// newException returns the exception of a type, with AWS's own words in its payload.
func newException(kind string, payload []byte) *exception {
	e := exception{kind: "api_error", message: kind + ": " + messageOf(payload)}
	switch kind {
	case "throttlingException":
		e.kind, e.status = "rate_limit_error", http.StatusTooManyRequests
	case "validationException":
		e.kind, e.status = "invalid_request_error", http.StatusBadRequest
	case "serviceUnavailableException":
		e.kind, e.status = "overloaded_error", http.StatusServiceUnavailable
	case "modelTimeoutException":
		e.kind, e.status = "timeout_error", http.StatusGatewayTimeout
	case "internalServerException", "modelStreamErrorException":
		e.status = http.StatusInternalServerError
	}
	return &e
}

// fail adds an event of the type error and ends the stream.
func (r *eventReader) fail(e *exception) {
	inner := map[string]any{"type": e.kind, "message": e.message}
	if e.status != 0 {
		inner["code"] = e.status
	}
	text, _ := json.Marshal(map[string]any{"type": "error", "error": inner}) // strings always marshal
	r.out = append(append(append(r.out, "event: error\ndata: "...), text...), "\n\n"...)
	r.err = io.EOF
}
