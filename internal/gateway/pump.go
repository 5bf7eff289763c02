package gateway

import (
	"net/http"
	"time"
)

// writePatience is how long a client may take to accept a piece of a reply.
const writePatience = 2 * time.Minute

// copyStream passes a stream on, flushed piece by piece as it comes. After the
// first content the status is out, so a failure becomes an event of the dialect.
func (c *call) copyStream(a *answer) streamEnd {
	h := c.w.Header()
	h["Content-Type"] = sseType
	h["Cache-Control"] = noCache
	h["X-Accel-Buffering"] = no
	c.w.WriteHeader(http.StatusOK)
	to := http.NewResponseController(c.w)
	patience := c.r.watch.guard(writePatience, func() { _ = to.SetWriteDeadline(time.Now()) }) // not every writer has deadlines
	defer patience.stop()
	for {
		if len(c.out) > 0 {
			a.guard.pause() // the upstream is not to blame for a slow client
			if err := c.flush(to, patience); err != nil {
				return clientEnd(err)
			}
			a.guard.progress()
		}
		n, err := a.source.Read(c.chunk[:cap(c.chunk)])
		c.out = c.out[:0]
		if n > 0 {
			a.guard.progress()
			c.out = a.events.Append(c.out, c.chunk[:n])
		}
		if err != nil {
			end := c.upstreamEnd(a, err)
			c.finish(a, end)
			patience.progress()
			_, _ = c.w.Write(c.out) // the end of the request flushes it, together with the stream's own end
			return end
		}
	}
}

// flush writes what is ready.
func (c *call) flush(to *http.ResponseController, patience *guard) error {
	patience.progress()
	defer patience.pause()
	if _, err := c.w.Write(c.out); err != nil {
		return err
	}
	return to.Flush()
}

// finish appends what a stream still lacks at its end: [DONE], or the error that ended it.
func (c *call) finish(a *answer, end streamEnd) {
	switch end.how {
	case streamComplete, streamFailed:
		c.out = a.events.Finish(c.out)
		if end.how == streamComplete && specs[c.dialect].done && !a.events.Done {
			c.out = append(c.out, "data: [DONE]\n\n"...)
		}
	case streamTruncated, streamBroken, streamTimedOut:
		c.out = a.events.Abandon(c.out)
		c.out = append(c.out, c.errorEvent(end.f, a.events.Events)...)
	}
}

// errorEvent is a failure as an event of the stream's dialect. sequence is how
// many events went before it.
func (c *call) errorEvent(f *failure, sequence int) []byte {
	switch c.dialect {
	case messages, countTokens:
		return frame("event: error\ndata: ", envelope{Message: f.text}.body(c.dialect, http.StatusInternalServerError))
	case responses:
		return c.failedResponse(f, sequence)
	}
	return frame("data: ", envelope{Message: f.text}.body(c.dialect, http.StatusInternalServerError))
}

// failedResponse is a failure as the last event of a Responses stream.
func (c *call) failedResponse(f *failure, sequence int) []byte {
	type responseError struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	type response struct {
		ID        string        `json:"id"`
		Object    string        `json:"object"`
		CreatedAt int64         `json:"created_at"`
		Status    string        `json:"status"`
		Error     responseError `json:"error"`
		Model     string        `json:"model"`
		Output    []string      `json:"output"`
	}
	return frame("event: response.failed\ndata: ", encode(struct {
		Type     string   `json:"type"`
		Sequence int      `json:"sequence_number"`
		Response response `json:"response"`
	}{"response.failed", sequence, response{"resp_" + c.id, "response", c.r.opts.Now().Unix(), "failed",
		responseError{"server_error", f.text}, c.model, []string{}}}))
}

func frame(prefix string, data []byte) []byte {
	return append(append([]byte(prefix), data...), "\n\n"...)
}
