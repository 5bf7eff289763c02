package reply

import (
	"errors"
	"io"
	"net"
	"os"

	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/memory"
)

// HowEnded says how a stream that had begun ended.
type HowEnded int

// The ends of a stream.
const (
	Complete   HowEnded = iota // with the end that its dialect demands
	Truncated                  // without one, and without an error
	Failed                     // with the upstream's error event
	Broken                     // the connection broke, or the bytes could not be decoded
	TimedOut                   // the upstream sent nothing for too long
	ClientGone                 // the client disconnected
	ClientSlow                 // the client took nothing for too long
)

// End is how a stream ended.
type End struct {
	How     HowEnded
	Failure *failure.Failure // what the upstream did wrong; nil when it did nothing wrong
}

// isTimeout reports whether a write to the client ended at its time limit.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// clientEnd returns the end of a stream whose client could not be written to.
func clientEnd(err error) End {
	if isTimeout(err) {
		return End{How: ClientSlow}
	}
	return End{How: ClientGone}
}

// upstreamEnd returns the end of a stream whose upstream sent err after its last byte.
func (w *Writer) upstreamEnd(a *Answer, err error) End {
	client := w.request.HTTP.Context()
	switch {
	case client.Err() != nil:
		return End{How: ClientGone}
	case a.Events.Failed:
		return End{Failed, failure.InReply(a.Deployment, w.request.Dialect, a.Header, a.Events.Error, w.opts.Now())}
	case w.isOver(a): // how the connection ends says nothing about the reply
		return End{How: Complete}
	case errors.Is(err, io.EOF) && w.isComplete(a):
		return End{How: Complete}
	case errors.Is(err, io.EOF):
		return End{Truncated, failure.Truncated(a.Deployment)}
	case errors.Is(err, memory.ErrExhausted):
		return End{Broken, failure.MemoryExhausted()}
	case a.Guard.IsLate():
		return End{TimedOut, failure.StreamTimeout(client, a.Deployment, a.Guard, err)}
	}
	return End{Broken, failure.Unreadable(client, a.Deployment, a.Guard, err)}
}

// isComplete reports whether a stream has the end that its dialect demands.
func (w *Writer) isComplete(a *Answer) bool {
	if w.request.Dialect.IsMedia() { // servers have events of their own there
		return true
	}
	return a.Events.Ended || a.Events.Done && w.request.Dialect.EndsWithDone()
}

// isOver reports whether the last event came that a stream of the dialect can have.
// After a finish reason, a chat stream may still have the usage.
func (w *Writer) isOver(a *Answer) bool {
	if w.request.Dialect.EndsWithDone() {
		return a.Events.Done
	}
	return a.Events.Ended
}
