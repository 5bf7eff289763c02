// Package upstream sends a request to one deployment, once, and reads the reply: the
// whole of it, or a stream up to its first content. A Sender is shared by all
// requests; an Exchange is one request's side towards upstreams. Call
// Exchange.Attempt.
//
// It never retries, and never chooses a deployment. It has more than 700
// lines because the ways of reading a reply (whole, stream, translated, collected)
// share the Exchange's buffer and its loan of memory.
package upstream

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/memory"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/transport"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
)

// Sender is what all requests to upstreams share.
type Sender struct {
	Settings  *settings.Settings
	Transport transport.Transport
	Watchdog  *watchdog.Watchdog
	Now       func() time.Time
	MaxBody   int64 // longest unstreamed reply in bytes
	Strict    bool  // LiteLLM's status for invalid replies
}

// Exchange is one request's side towards upstreams. It is reused with its buffers:
// Reset begins a new request.
type Exchange struct {
	sender  *Sender
	request *request.Request
	writer  *reply.Writer
	loan    *memory.Loan
	trace   transport.Trace
	body    []byte // the reply as far as it was read

	out       dialect.Dialect // in which the upstream is asked
	call      *translate.Call // turns its reply back; nil when the request passes through
	rewritten []byte          // the body for the upstream; nil when the client's serves, with another model in it
	buffer    *buffer         // holds rewritten; nil when that is not to be used again
	held      int64           // bytes of the loan that rewritten and call take
	watch     func([]byte)    // gets the data of a stream's events, in the client's dialect; may be nil

	isForeign func(*deployment.Deployment, []byte) bool // whether state is of another upstream; may be nil
}

// Reset begins a new request, whose replies go to w and count to loan.
func (x *Exchange) Reset(s *Sender, q *request.Request, w *reply.Writer, loan *memory.Loan) {
	x.sender, x.request, x.writer, x.loan = s, q, w, loan
	x.call, x.rewritten, x.buffer, x.held, x.watch, x.isForeign = nil, nil, nil, 0, nil, nil
}

// Watch has the data of the events of streams given to watch, which must not keep them.
func (x *Exchange) Watch(watch func(data []byte)) { x.watch = watch }

// RemoveForeign has reasoning left out of requests for responses that isForeign reports
// for the deployment which is asked.
func (x *Exchange) RemoveForeign(isForeign func(d *deployment.Deployment, state []byte) bool) {
	x.isForeign = isForeign
}

// Clear drops what belongs to the request.
func (x *Exchange) Clear() { x.call, x.rewritten, x.buffer = nil, nil, nil }

// IsReusable reports whether the buffer is at most maxBuffer long.
func (x *Exchange) IsReusable(maxBuffer int) bool { return cap(x.body) <= maxBuffer }

// attempt is what bounds one attempt.
type attempt struct {
	guard   watchdog.Guard
	context transport.Context
}

// begin starts an attempt. Its context ends when the upstream sends nothing for the
// time limit silence, sends no content for the time limit content, or when release
// is called.
func (x *Exchange) begin(silence, content time.Duration) (a *attempt, release func()) {
	ctx, cancel := context.WithCancel(x.request.HTTP.Context())
	a = &attempt{context: x.trace.With(ctx)}
	a.guard.Start(x.sender.Watchdog, silence, cancel)
	a.guard.EndAfter(content)
	return a, func() {
		a.guard.Stop()
		cancel()
	}
}

// Attempt sends the request to a deployment once. Of the two results one is nil.
func (x *Exchange) Attempt(d *deployment.Deployment) (*reply.Answer, *failure.Failure) {
	switch {
	case d.Mock != nil:
		return x.mock(d)
	case d.MissingKey != "":
		f := failure.Classify(d, x.request.Dialect, http.StatusUnauthorized,
			fmt.Sprintf("environment variable %s, which holds the key of deployment %q, is not set",
				d.MissingKey, d.ID))
		f.Harmless = true // waiting does not set it
		return nil, f
	}
	if f := x.prepareBody(d); f != nil {
		return nil, f
	}
	a, f := x.send(d)
	x.dropBody()
	if f != nil && x.call != nil {
		f.Dropped = x.call.Dropped()
	}
	return a, f
}

// send sends the prepared request to d and reads the reply.
func (x *Exchange) send(d *deployment.Deployment) (*reply.Answer, *failure.Failure) {
	at, release := x.begin(x.limits(d))
	res, err := x.roundTrip(&at.context, d)
	if err != nil {
		release()
		return nil, failure.Unreachable(x.request.HTTP.Context(), d, &at.guard, false, err)
	}
	d.NoteServer(res.Header)
	a := &reply.Answer{Deployment: d, Header: res.Header, Status: res.StatusCode, Source: res.Body, Guard: &at.guard,
		Release: release}
	if x.call != nil {
		a.Dropped = x.call.Dropped()
	}
	f := x.receive(a, res)
	if f == nil && x.isCompacting() {
		f = x.finishCompaction(a)
	}
	if f != nil || !a.IsOpen() {
		a.Discard() // nothing more is read of it
	}
	if f != nil {
		f.Header = res.Header
		return nil, f
	}
	return a, nil
}
