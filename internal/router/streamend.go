package router

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
)

// howEnded says how a stream that had begun ended.
type howEnded int

const (
	streamComplete   howEnded = iota // with the end that its dialect demands
	streamTruncated                  // without one, and without an error
	streamFailed                     // with the upstream's error event
	streamBroken                     // the connection broke, or the bytes could not be decoded
	streamTimedOut                   // the upstream was silent for too long
	streamClientGone                 // the client disconnected
	streamClientSlow                 // the client took nothing for too long
)

// streamEnd is how a stream ended, for streamEnded, which counts it.
type streamEnd struct {
	how howEnded
	f   *failure // what the upstream did wrong; nil when it did nothing wrong
}

// isTimeout reports whether a write to the client ended at its time limit.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// clientEnd says how a stream ended whose client could not be written to.
func clientEnd(err error) streamEnd {
	if isTimeout(err) {
		return streamEnd{how: streamClientSlow}
	}
	return streamEnd{how: streamClientGone}
}

// upstreamEnd says how a stream ended whose upstream sent err after its last byte.
func (c *call) upstreamEnd(a *answer, err error) streamEnd {
	switch {
	case c.req.Context().Err() != nil:
		return streamEnd{how: streamClientGone}
	case a.events.Failed:
		return streamEnd{streamFailed, c.innerFailure(a, a.events.Error)}
	case c.isOver(a): // how the connection ends says nothing about the reply
		return streamEnd{how: streamComplete}
	case errors.Is(err, io.EOF) && c.isComplete(a):
		return streamEnd{how: streamComplete}
	case errors.Is(err, io.EOF):
		return streamEnd{streamTruncated, c.truncated(a.deployment)}
	case a.guard.late.Load():
		return streamEnd{streamTimedOut, c.silentStream(a, err)}
	}
	return streamEnd{streamBroken, c.unreadable(a, err)}
}

// isComplete reports whether a stream has the end that its dialect demands.
func (c *call) isComplete(a *answer) bool {
	return a.events.Ended || a.events.Done && specs[c.dialect].done
}

// isOver reports whether the last thing came that a stream of the dialect can
// bring. After a finish reason, a chat stream may still bring the usage.
func (c *call) isOver(a *answer) bool {
	if specs[c.dialect].done {
		return a.events.Done
	}
	return a.events.Ended
}

// truncated is the failure for a stream that ended too early, without an error.
func (c *call) truncated(d *Deployment) *failure {
	return &failure{status: http.StatusInternalServerError, class: "APIConnectionError", retry: true, deployment: d,
		text: "litellm.APIConnectionError: APIConnectionError: " + exception(d) + " - The stream ended before its last event"}
}

// silentStream is the failure for a stream whose upstream sent nothing for too long.
func (c *call) silentStream(a *answer, err error) *failure {
	f := c.unreachable(a.deployment, a.guard, true, err)
	f.status, f.kind = http.StatusInternalServerError, ""
	f.text = "litellm.APIConnectionError: APIConnectionError: " + exception(a.deployment) + " - Timeout on reading data from socket"
	return f
}

// wholeAfterKeepAlive is the failure for a whole reply that cannot be made a
// stream, when the stream to the client has begun.
func (c *call) wholeAfterKeepAlive(d *Deployment) *failure {
	return &failure{status: http.StatusBadGateway, class: "BadGatewayError", kind: "internal_server_error", deployment: d,
		text: "litellm.BadGatewayError: BadGatewayError: " + exception(d) +
			" - The upstream was asked for a stream and answered in one piece of a kind that is not known: " +
			"ask without a stream, or set keepalive_seconds: 0 for this deployment"}
}
