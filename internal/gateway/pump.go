package gateway

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// writePatience is how long a client may take to accept a piece of a stream.
const writePatience = 2 * time.Minute

// pump passes a stream on, flushed piece by piece as it comes. After the first
// event the status is out, so a failure becomes an event of the dialect.
func (c *call) pump(a *answer) {
	h := c.w.Header()
	h["Content-Type"] = sseType
	h["Cache-Control"] = noCache
	h["X-Accel-Buffering"] = no
	if a.encoding != "" {
		h["Content-Encoding"] = []string{a.encoding}
	}
	c.w.WriteHeader(http.StatusOK)
	to := http.NewResponseController(c.w)
	patience := c.r.watch.guard(writePatience, func() { _ = to.SetWriteDeadline(time.Now()) }) // not every writer has deadlines
	defer patience.stop()
	for {
		if len(c.out) > 0 && !c.flush(to, patience) {
			return
		}
		n, err := a.source.Read(c.chunk[:cap(c.chunk)])
		c.out = c.out[:0]
		if n > 0 {
			a.guard.progress()
			c.out = c.rewrite(a, c.out, c.chunk[:n])
		}
		if err != nil {
			c.finish(a, err)
			patience.progress()
			_, _ = c.w.Write(c.out) // the end of the request flushes it, together with the stream's own end
			return
		}
	}
}

func (c *call) rewrite(a *answer, out, chunk []byte) []byte {
	if a.encoding != "" {
		return append(out, chunk...)
	}
	return a.events.Append(out, chunk)
}

// flush writes what is ready; false means that the client is not there any more.
func (c *call) flush(to *http.ResponseController, patience *guard) bool {
	patience.progress()
	defer patience.pause()
	if _, err := c.w.Write(c.out); err != nil {
		return false
	}
	return to.Flush() == nil
}

// finish appends what a stream still lacks at its end: [DONE], or the error that ended it.
func (c *call) finish(a *answer, err error) {
	switch {
	case a.encoding != "":
		if !errors.Is(err, io.EOF) {
			c.lost(a)
		}
	case !errors.Is(err, io.EOF):
		f := c.lost(a)
		c.out = a.events.Abandon(c.out)
		c.out = append(c.out, c.errorEvent(f)...)
	default:
		c.out = a.events.Finish(c.out)
		if specs[c.dialect].done && !a.events.Done && !a.events.Failed {
			c.out = append(c.out, "data: [DONE]\n\n"...)
		}
	}
}

// lost counts a broken stream against its deployment.
func (c *call) lost(a *answer) *failure {
	f := c.unreachable(a.deployment, a.guard, true)
	if a.guard.late.Load() {
		f.status, f.kind = http.StatusInternalServerError, ""
		f.text = "litellm.APIConnectionError: APIConnectionError: " + exception(a.deployment) + " - Timeout on reading data from socket"
	}
	if g := c.r.groups[a.deployment.Group]; g != nil {
		c.r.failed(g, a.deployment, f)
	}
	return f
}

// errorEvent is a failure as an event of the stream's dialect.
func (c *call) errorEvent(f *failure) []byte {
	switch c.dialect {
	case messages, countTokens:
		return frame("event: error\ndata: ", envelope{Message: f.text}.body(c.dialect, http.StatusInternalServerError))
	case responses:
		return frame("event: error\ndata: ", encode(struct {
			Type    string  `json:"type"`
			Code    string  `json:"code"`
			Message string  `json:"message"`
			Param   *string `json:"param"`
		}{"error", "server_error", f.text, nil}))
	}
	return frame("data: ", envelope{Message: f.text}.body(c.dialect, http.StatusInternalServerError))
}

func frame(prefix string, data []byte) []byte {
	return append(append([]byte(prefix), data...), "\n\n"...)
}
