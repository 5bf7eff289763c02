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
		if len(c.out) > 0 {
			a.guard.pause() // a slow client is not the upstream's fault
			if !c.flush(to, patience) {
				return
			}
			a.guard.progress()
		}
		n, err := a.source.Read(c.chunk[:cap(c.chunk)])
		c.out = c.out[:0]
		if n > 0 {
			a.guard.progress()
			c.out = c.rewrite(a, c.out, c.chunk[:n])
		}
		if err != nil {
			c.streamEnded(a, c.finish(a, err))
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

// finish appends what a stream still lacks at its end: [DONE], or the error
// that ended it. It returns the failure, nil when the end is good.
func (c *call) finish(a *answer, err error) *failure {
	if !errors.Is(err, io.EOF) {
		f := c.streamBroke(a, err)
		if a.encoding == "" {
			c.out = a.events.Abandon(c.out)
			c.out = append(c.out, c.errorEvent(f)...)
		}
		return f
	}
	if a.encoding != "" {
		return nil
	}
	c.out = a.events.Finish(c.out)
	if a.events.Failed {
		return c.classify(a.deployment, http.StatusInternalServerError, "an error event in the stream")
	}
	if specs[c.dialect].done && !a.events.Done {
		c.out = append(c.out, "data: [DONE]\n\n"...)
	}
	return nil
}

// streamBroke returns the failure for a stream that the upstream did not end.
func (c *call) streamBroke(a *answer, err error) *failure {
	f := c.unreachable(a.deployment, a.guard, true, err)
	if a.guard.late.Load() {
		f.status, f.kind = http.StatusInternalServerError, ""
		f.text = "litellm.APIConnectionError: APIConnectionError: " + exception(a.deployment) + " - Timeout on reading data from socket"
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
