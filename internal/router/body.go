package router

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Limits of reading a request.
const (
	defaultBodyTimeout = 60 * time.Second // for the whole body, and
	bodyRate           = 16 << 10         // one second more for each of so many bytes
)

// read takes the whole body in before anything goes out: routing needs it, and
// a Transport that still reads from the client when the reply begins cuts
// streams (golang/go#40747).
func (c *call) read() *failure {
	limit := c.r.opts.MaxBody
	size := c.req.ContentLength
	if size > limit {
		return tooLarge(limit)
	}
	source, decoder, f := c.bodySource(limit)
	if f != nil {
		c.w.Header()["Accept-Encoding"] = []string{acceptedEncodings}
		refuseBody(c.w, c.req)
		return f
	}
	if decoder != nil {
		defer decoder.Close()
		size = -1
	}
	rc := http.NewResponseController(c.w)
	g := c.r.watch.guard(c.r.opts.BodyTimeout+time.Duration(max(c.req.ContentLength, 0)/bodyRate)*time.Second, func() {
		_ = rc.SetReadDeadline(time.Now()) // not every connection has deadlines
	})
	var err error
	c.body, err = c.readAll(c.body[:0], source, size, limit)
	if errors.Is(err, errCrowded) { // a client that still sends would not see the answer
		c.body = nil
		c.r.memory.give(c.held)
		c.held = 0
		_, _ = io.Copy(io.Discard, io.LimitReader(c.req.Body, limit)) // the answer is the same however it ends
	}
	g.stop()
	if err != nil || int64(len(c.body)) > limit {
		return c.unreadBody(err, g)
	}
	return c.checkBody()
}

// unreadBody is the failure for a body that could not be read to its end.
func (c *call) unreadBody(err error, g *guard) *failure {
	var bad *decodeError
	switch {
	case err == nil, errors.Is(err, errBodyTooLong):
		return tooLarge(c.r.opts.MaxBody)
	case errors.Is(err, errCrowded):
		refuseBody(c.w, c.req)
		return crowded()
	case g.late.Load():
		return bodyLate(g.limit)
	case errors.Is(c.req.Context().Err(), context.Canceled):
		return &failure{gone: true}
	case errors.As(err, &bad):
		return badRequest("request_body", "Invalid request: the body is not valid "+bad.coding+", which its Content-Encoding announces")
	}
	return badRequest("request_body", "Invalid request: the body ended early")
}

// bodyLate is the failure for a body that did not come in time.
func bodyLate(limit time.Duration) *failure {
	f := badRequest("request_body", "Request timed out: the body did not arrive within "+limit.String())
	f.status = http.StatusRequestTimeout
	return f
}

func tooLarge(limit int64) *failure {
	f := badRequest("request_body", "Request body is longer than "+strconv.FormatInt(limit, 10)+" bytes")
	f.status = http.StatusRequestEntityTooLarge
	return f
}
