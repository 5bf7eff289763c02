package echo

import (
	"net/http"
	"time"
)

// Moments of a stream at which a model name can ask for something, counted in
// deltas, the length of the pause, and the time between the deltas of a stream
// that is to break; as the upstream that LiteLLM 1.106.2 was measured with has
// them. Without that time LiteLLM's HTTP client drops the deltas that it had
// buffered when the connection broke.
const (
	errorAfter = 2
	cutAfter   = 3
	pause      = 4 * time.Second
	gap        = 10 * time.Millisecond
)

// stream writes server-sent events.
type stream struct {
	call   *call
	ctrl   *http.ResponseController
	isGone bool // the client has left: nothing more is written
}

// beginStream sends the headers and returns the stream.
func (c *call) beginStream() *stream {
	h := c.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	c.w.WriteHeader(http.StatusOK)
	st := &stream{call: c, ctrl: http.NewResponseController(c.w)}
	st.flush()
	if !wait(c.r.Context(), c.script.ttfb) {
		st.isGone = true
	}
	if c.script.cut0 {
		panic(http.ErrAbortHandler)
	}
	return st
}

// flush sends what was written.
func (st *stream) flush() {
	if st.ctrl.Flush() != nil {
		st.isGone = true
	}
}

// send writes one event; an empty name writes data alone, as the chat dialect has it.
func (st *stream) send(name string, v any) {
	var line []byte
	if name != "" {
		line = append(append(append(line, "event: "...), name...), '\n')
	}
	line = append(append(line, "data: "...), encode(v)...)
	st.write(append(line, "\n\n"...))
}

// write writes and sends b.
func (st *stream) write(b []byte) {
	if st.isGone {
		return
	}
	if _, err := st.call.w.Write(b); err != nil {
		st.isGone = true
		return
	}
	st.flush()
}

// sendDeltas emits the pieces of a text and obeys the model name between them. failed
// sends an error in the stream's dialect. It reports whether the stream goes on.
func (st *stream) sendDeltas(text string, emit func(piece string), failed func(message string)) bool {
	s := st.call.script
	for i, piece := range pieces(text) {
		emit(piece)
		if s.cut {
			st.isGone = st.isGone || !wait(st.call.r.Context(), gap)
		}
		switch {
		case i+1 == errorAfter && s.errstream:
			failed("the echo upstream was told to fail here by the model name")
			return false
		case i+1 == cutAfter && s.cut:
			panic(http.ErrAbortHandler)
		case i+1 == cutAfter && s.pausemid:
			st.isGone = st.isGone || !wait(st.call.r.Context(), pause)
		}
		if st.isGone {
			return false
		}
	}
	return true
}

// sendDone ends a stream of the chat dialect.
func (st *stream) sendDone() {
	if !st.call.script.nodone {
		st.write([]byte("data: [DONE]\n\n"))
	}
}
