package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"strings"
)

// Trace notes whether a round trip got a connection that other requests had used before.
// One Trace serves many requests, one at a time: a new one for each request would cost
// allocations. The zero value is ready to use.
type Trace struct {
	Reused bool // set by the Transport, in the goroutine of RoundTrip

	traced context.Context // has the httptrace.ClientTrace
}

// Context is a request's context with a Trace. Trace.With makes it; the zero value is not
// usable.
type Context struct {
	context.Context
	traced context.Context
}

// Value returns the value of key in the trace's context, else in the request's.
func (c *Context) Value(key any) any {
	if v := c.traced.Value(key); v != nil {
		return v
	}
	return c.Context.Value(key)
}

// With returns ctx with the trace.
func (t *Trace) With(ctx context.Context) Context {
	if t.traced == nil {
		t.traced = httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { t.Reused = info.Reused },
		})
	}
	return Context{ctx, t.traced}
}

// IsClosedUnanswered reports whether err says that a connection ended before the
// first byte of a reply. net/http says "transport connection broken" when a reply
// had begun, or when the request could not be written completely.
func IsClosedUnanswered(err error) bool {
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
		containsAny(err, "server closed idle connection", "client connection lost",
			"client connection force closed", "server sent GOAWAY")
}
