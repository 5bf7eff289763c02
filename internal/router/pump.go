package router

import (
	"net/http"
)

// copyStream passes a stream on, flushed piece by piece as it comes. After the
// first content the status is out, so a failure becomes an event of the dialect.
func (c *call) copyStream(a *answer) streamEnd {
	if err := c.openStream(a); err != nil {
		return clientEnd(err)
	}
	for {
		n, err := a.source.Read(c.chunk[:cap(c.chunk)])
		if c.out = a.events.Append(c.out[:0], c.chunk[:n]); err != nil {
			c.out = a.events.EndInput(c.out)
		}
		c.redactEvents(a)
		if a.events.Content {
			a.guard.endless()
		}
		if err != nil {
			end := c.upstreamEnd(a, err)
			c.finish(a, end)
			c.sendLast()
			return end
		}
		if len(c.out) == 0 {
			a.guard.progress()
			continue
		}
		a.guard.pause() // the upstream is not to blame for a slow client
		if err := c.sendOut(a); err != nil {
			return clientEnd(err)
		}
		a.guard.progress()
	}
}

// openStream sends the headers of a stream and what came up to its first
// content. From here on only copyStream writes events; keep-alives are comments.
func (c *call) openStream(a *answer) error {
	c.client.mu.Lock()
	c.client.held = nil
	c.commit(a)
	c.client.mu.Unlock()
	if a.events.Content {
		a.guard.endless()
	}
	a.guard.pause()
	defer a.guard.progress()
	c.redactEvents(a)
	return c.sendOut(a)
}

// sendOut sends what is in c.out.
func (c *call) sendOut(a *answer) error {
	if len(c.out) == 0 {
		return nil
	}
	cl := &c.client
	cl.mu.Lock()
	defer cl.mu.Unlock()
	err := c.write(c.out)
	cl.inEvent, cl.inLine = a.events.InEvent(), a.events.InLine()
	if cl.interval > 0 {
		cl.silence.progress()
	}
	return err
}

// sendLast writes what is in c.out. The end of the request flushes it, together
// with the stream's own end.
func (c *call) sendLast() {
	c.stopKeepAlive()
	c.client.patience.progress()
	_, _ = c.w.Write(c.out) // an error means that the client left
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
		c.out = append(c.out, c.errorEvent(end.f, http.StatusInternalServerError, a.events.Events)...)
	}
}

// failCommitted tells a client of f whose stream has begun with keep-alives.
func (c *call) failCommitted(f *failure) {
	told := *f
	told.text += f.suffix
	c.out = c.errorEvent(&told, f.status, 0)
	c.sendLast()
}

// errorEvent is a failure as an event of the stream's dialect. sequence is how
// many events went before it.
func (c *call) errorEvent(f *failure, status, sequence int) []byte {
	switch c.dialect {
	case messages, countTokens:
		return frame("event: error\ndata: ", envelope{Message: f.text}.body(c.dialect, status))
	case responses:
		return c.failedResponse(f, status, sequence)
	}
	return frame("data: ", envelope{Message: f.text, Type: f.kind, Param: f.param}.body(c.dialect, status))
}

// failedResponse is a failure as the last event of a Responses stream.
func (c *call) failedResponse(f *failure, status, sequence int) []byte {
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
	code := "server_error"
	switch {
	case f.context:
		code = "context_length_exceeded"
	case status == http.StatusTooManyRequests:
		code = "rate_limit_exceeded"
	case status < 500:
		code = "invalid_request_error"
	}
	return frame("event: response.failed\ndata: ", encode(struct {
		Type     string   `json:"type"`
		Sequence int      `json:"sequence_number"`
		Response response `json:"response"`
	}{"response.failed", sequence, response{"resp_" + c.id, "response", c.r.opts.Now().Unix(), "failed",
		responseError{code, f.text}, c.model, []string{}}}))
}

func frame(prefix string, data []byte) []byte {
	return append(append([]byte(prefix), data...), "\n\n"...)
}
