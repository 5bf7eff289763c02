package echo

import (
	"net/http"
	"time"
)

// What the words of a script do to a stream. The upstream with which LiteLLM 1.106.2
// was measured has the same values.
const (
	errorAfter = 2 // deltas before the error event of errstream
	cutAfter   = 3 // deltas before cut and pausemid
	pause      = 4 * time.Second
	// deltaGap is the time between the deltas of a stream that will break. Without it
	// LiteLLM's HTTP client drops the deltas that are still in its buffer.
	deltaGap = 10 * time.Millisecond
)

// stream writes server-sent events.
type stream struct {
	call          *call
	ctrl          *http.ResponseController
	hasClientLeft bool // nothing more is written
}

// beginStream sends the headers and returns the stream. It waits, or breaks the
// connection, when the model name asks for that.
func (c *call) beginStream() *stream {
	h := c.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	c.w.WriteHeader(http.StatusOK)
	st := &stream{call: c, ctrl: http.NewResponseController(c.w)}
	st.flush()
	if !wait(c.r.Context(), c.script.ttfb) {
		st.hasClientLeft = true
	}
	if c.script.cut0 {
		panic(http.ErrAbortHandler)
	}
	return st
}

// flush sends the bytes that were written.
func (st *stream) flush() {
	if st.ctrl.Flush() != nil {
		st.hasClientLeft = true
	}
}

// send sends one event; with an empty name it has only data, as in the chat dialect.
func (st *stream) send(name string, v any) {
	var line []byte
	if name != "" {
		line = append(append(append(line, "event: "...), name...), '\n')
	}
	line = append(append(line, "data: "...), encode(v)...)
	st.write(append(line, "\n\n"...))
}

// write writes b and flushes it, unless the client has left.
func (st *stream) write(b []byte) {
	if st.hasClientLeft {
		return
	}
	if _, err := st.call.w.Write(b); err != nil {
		st.hasClientLeft = true
		return
	}
	st.flush()
}

// sendDeltas sends a text in pieces, by sendPiece, and does between them what the model
// name asks for. sendError sends an error in the dialect of the stream. sendDeltas
// reports whether the stream goes on.
func (st *stream) sendDeltas(text string, sendPiece func(piece string), sendError func(message string)) bool {
	s := st.call.script
	for i, piece := range splitText(text) {
		sendPiece(piece)
		if s.cut {
			st.hasClientLeft = st.hasClientLeft || !wait(st.call.r.Context(), deltaGap)
		}
		switch {
		case i+1 == errorAfter && s.errstream:
			sendError("the echo upstream was told to fail here by the model name")
			return false
		case i+1 == cutAfter && s.cut:
			panic(http.ErrAbortHandler)
		case i+1 == cutAfter && s.pausemid:
			st.hasClientLeft = st.hasClientLeft || !wait(st.call.r.Context(), pause)
		}
		if st.hasClientLeft {
			return false
		}
	}
	return true
}

// sendDone ends a stream of chat completions or completions, unless the model name forbids it.
func (st *stream) sendDone() {
	if !st.call.script.nodone {
		st.write([]byte("data: [DONE]\n\n"))
	}
}
