package reply

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/memory"
)

// EndKind is a way in which a stream that had begun can end.
type EndKind int

// The ways in which a stream can end.
const (
	Complete   EndKind = iota // with the last event that its dialect requires
	Truncated                 // without that event, and without an error
	Failed                    // with the upstream's error event
	Broken                    // the connection broke, or the bytes could not be decoded
	TimedOut                  // the upstream sent nothing for too long
	ClientGone                // the client disconnected
	ClientSlow                // the client accepted nothing for too long
)

// End is how a stream ended.
type End struct {
	How     EndKind
	Failure *failure.Failure // what the upstream did wrong; nil when it did nothing wrong, or the client ended it
}

// isTimeout reports whether a write to the client ended at its time limit.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// clientEnd returns the end of a stream when a write to the client failed with err.
func clientEnd(err error) End {
	if isTimeout(err) {
		return End{How: ClientSlow}
	}
	return End{How: ClientGone}
}

// upstreamEnd returns the end of a stream when reading it ended with err.
func (w *Writer) upstreamEnd(a *Answer, err error) End {
	client := w.request.HTTP.Context()
	switch {
	case client.Err() != nil:
		return End{How: ClientGone}
	case a.Events.Failed:
		return End{Failed, failure.ErrorInReply(a.Deployment, w.request.Dialect, a.Header, a.Events.Error, w.opts.Now())}
	case w.hasLastEvent(a): // how the connection ends says nothing about the reply
		return End{How: Complete}
	case errors.Is(err, io.EOF) && w.isComplete(a):
		return End{How: Complete}
	case errors.Is(err, io.EOF):
		return End{Truncated, failure.TruncatedStream(a.Deployment)}
	case errors.Is(err, memory.ErrExhausted):
		return End{Broken, failure.MemoryExhausted()}
	case a.Guard.IsLate():
		return End{TimedOut, failure.StreamTimeout(client, a.Deployment, a.Guard, err)}
	}
	return End{Broken, failure.UnreadableReply(client, a.Deployment, a.Guard, err)}
}

// isComplete reports whether a stream has the last event that its dialect requires.
func (w *Writer) isComplete(a *Answer) bool {
	if w.request.Dialect.IsMedia() { // servers end such streams with events of their own
		return true
	}
	return a.Events.Ended || a.Events.Done && w.request.Dialect.EndsWithDone()
}

// hasLastEvent reports whether no further event can come in a stream of the dialect. A chat
// stream ends with [DONE], because the usage may follow the finish reason.
func (w *Writer) hasLastEvent(a *Answer) bool {
	if w.request.Dialect.EndsWithDone() {
		return a.Events.Done
	}
	return a.Events.Ended
}

// endStream appends to out what the end of a stream lacks: [DONE], or the error that ended it.
func (w *Writer) endStream(a *Answer, end End) {
	switch end.How {
	case Complete, Failed:
		w.out = a.Events.Finish(w.out)
		if end.How == Complete && w.request.Dialect.EndsWithDone() && !a.Events.Done {
			w.out = append(w.out, dialect.DoneEvent...)
		}
	case Truncated, Broken, TimedOut:
		w.out = a.Events.Abandon(w.out)
		w.out = append(w.out, w.errorEvent(end.Failure, http.StatusInternalServerError, a.Events.Events)...)
	}
}
