package router

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
)

// attemptContext is the context of one attempt. It carries the call's trace,
// which is made once for each pooled call: a trace for each request would cost
// allocations that all requests pay and hardly any needs.
type attemptContext struct {
	context.Context
	traced context.Context
}

// Value returns what the trace or the request's context holds under key.
func (c *attemptContext) Value(key any) any {
	if v := c.traced.Value(key); v != nil {
		return v
	}
	return c.Context.Value(key)
}

// trace returns a context with a trace that notes in c.reused whether a round
// trip got a connection that other requests had used. The Transport calls it
// in the goroutine of RoundTrip.
func (c *call) trace() context.Context {
	if c.traced == nil {
		c.traced = httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { c.reused = info.Reused },
		})
	}
	return c.traced
}

// roundTrip sends the request to d. Upstreams close idle connections at a time
// of their own, which may be the moment when a request is sent on one: then
// the request is sent once more, at once and on a new connection.
func (c *call) roundTrip(ctx context.Context, d *Deployment) (*http.Response, error) {
	c.reused = false
	res, err := c.r.transport.RoundTrip(c.outbound(ctx, d))
	if err != nil && c.reused && ctx.Err() == nil && closedUnanswered(err) {
		return c.r.unshared.RoundTrip(c.outbound(ctx, d))
	}
	return res, err
}

// closedUnanswered reports whether err says that a connection ended before the
// first byte of a reply. net/http says "transport connection broken" when a
// reply had begun, or when the request could not be written whole.
func closedUnanswered(err error) bool {
	var op *net.OpError
	isOp := errors.As(err, &op)
	switch {
	case isOp && op.Op == "write":
		return true
	case strings.Contains(err.Error(), "transport connection broken"):
		return false
	case isOp:
		return op.Op == "read" && !op.Timeout()
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		hasText(err, "server closed idle connection", "client connection lost", "client connection force closed", "server sent GOAWAY")
}

// unshared is t for requests that need a connection of their own.
func unshared(t *http.Transport) *http.Transport {
	own := t.Clone()
	own.DisableKeepAlives = true
	return own
}
