// Package upstream sends a request to one deployment, once, and reads the whole reply,
// or a stream up to its first content. All requests share a Sender; each has an Exchange,
// which holds what the request needs to talk to upstreams. Call Exchange.Attempt.
//
// The package never retries a failed request, and never chooses a deployment. It has more
// than 700 lines because the ways of reading a reply (whole, stream, translated, collected)
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
	"github.com/flowgate-go/flowgate/internal/router/splice"
	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/transport"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// Sender holds what all requests to upstreams share.
type Sender struct {
	Settings  *settings.Settings
	Transport transport.Transport
	Watchdog  *watchdog.Watchdog
	Now       func() time.Time
	MaxBody   int64 // longest unstreamed reply in bytes
	Strict    bool  // invalid replies get LiteLLM's status, 500
	Quota     *quota.Newest
}

// Exchange holds what one request needs to talk to upstreams. It is used again, with its
// buffers: Reset begins a new request.
type Exchange struct {
	sender  *Sender
	request *request.Request
	writer  *reply.Writer
	loan    *memory.Loan
	trace   transport.Trace
	body    []byte       // the reply as far as it was read
	answer  reply.Answer // of the attempt that succeeded

	out        dialect.Dialect // the dialect of the request to the upstream
	call       *translate.Call // translates the reply back; nil when the request passes through
	rewritten  []byte          // the body for the upstream; nil: the client's, with another model in it
	buffer     *buffer         // holds rewritten; nil when rewritten is not in a pooled buffer
	held       int64           // bytes of the loan that rewritten and call take
	hasRenewed bool            // a cloud refused credentials, and others were asked for
	proof      http.Header     // proves to a cloud who sends the request; nil elsewhere
	stream     splice.Stream   // the events of the answer; its Model, Watch and WatchesAll are set by newStream
	watch      func([]byte)    // gets the data of a stream's events, in the client's dialect; may be nil
	watchesAll bool            // watch gets all data, else those that name the usage

	isForeign func(*deployment.Deployment, []byte) bool // whether state belongs to another account; may be nil
}

// Reset begins a new request, whose replies go to w and whose memory loan counts.
func (x *Exchange) Reset(s *Sender, q *request.Request, w *reply.Writer, loan *memory.Loan) {
	x.sender, x.request, x.writer, x.loan = s, q, w, loan
	x.call, x.rewritten, x.buffer, x.held, x.watch, x.isForeign = nil, nil, nil, 0, nil, nil
	x.hasRenewed, x.proof = false, nil
}

// Watch sets the function that gets the data of the events of a stream: of all events, or of those
// that name the usage. The function must not keep the data.
func (x *Exchange) Watch(watch func(data []byte), all bool) { x.watch, x.watchesAll = watch, all }

// newStream returns the stream of an answer.
func (x *Exchange) newStream() *splice.Stream {
	x.stream.Reset(x.request.ModelLiteral)
	x.stream.Watch, x.stream.WatchesAll = x.watch, x.watchesAll
	return &x.stream
}

// RemoveForeign sets the function that reports whether state belongs to another account
// than d's. Reasoning with such state is left out of requests to /v1/responses.
func (x *Exchange) RemoveForeign(isForeign func(d *deployment.Deployment, state []byte) bool) {
	x.isForeign = isForeign
}

// Clear drops the body that was made for an upstream, the answer, and the translation of it.
func (x *Exchange) Clear() {
	x.call, x.rewritten, x.buffer, x.answer = nil, nil, nil, reply.Answer{}
	x.stream.Reset(nil)
}

// StreamTokens returns the tokens that a translated stream has told; ok is false for a stream
// that passes through.
func (x *Exchange) StreamTokens() (t record.Tokens, ok bool) {
	if x.call == nil {
		return t, false
	}
	return x.call.StreamTokens(), true
}

// IsReusable reports whether the Exchange's buffer takes at most maxBuffer bytes.
func (x *Exchange) IsReusable(maxBuffer int) bool { return cap(x.body) <= maxBuffer }

// attempt holds the guard and the context of one attempt.
type attempt struct {
	guard   watchdog.Guard
	context transport.Context
}

// begin starts an attempt. Its context ends when the upstream sends nothing for the
// duration silence, when it sends no content for the duration content, or when release
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

// Attempt sends the request to a deployment once. It returns an answer or a failure; the
// other one is nil. The answer is valid until the next call, and until Clear.
func (x *Exchange) Attempt(d *deployment.Deployment) (*reply.Answer, *failure.Failure) {
	switch {
	case d.Mock != nil:
		return x.mock(d)
	case d.MissingKey != "":
		f := failure.Classify(d, x.request.Dialect, http.StatusUnauthorized,
			fmt.Sprintf("environment variable %s, which holds the key of deployment %q, is not set",
				d.MissingKey, d.ID))
		f.Harmless = true // waiting does not set the variable
		return nil, f
	}
	if f := x.prepareBody(d); f != nil {
		return nil, f
	}
	if f := x.wrapMessages(d); f != nil {
		return nil, f
	}
	a, f := x.send(d)
	x.dropBody()
	if f != nil {
		f.Dropped = x.dropped(d)
	}
	return a, f
}

// noteQuota keeps the quota windows that the header of a reply names, and returns them.
func (s *Sender) noteQuota(d *deployment.Deployment, h http.Header) []quota.Window {
	now := s.Now()
	windows := quota.Parse(h, now)
	if windows != nil {
		s.Quota.Keep(d.ID, quota.Account(h), windows, now)
	}
	return windows
}

// send sends the prepared request to d and reads the reply.
func (x *Exchange) send(d *deployment.Deployment) (*reply.Answer, *failure.Failure) {
	at, release := x.begin(x.limits(d))
	if f := x.authorize(at, d); f != nil {
		release()
		return nil, f
	}
	res, err := x.roundTrip(&at.context, d)
	if err != nil {
		release()
		return nil, failure.ConnectionFailure(x.request.HTTP.Context(), d, &at.guard, false, err)
	}
	d.NoteServer(res.Header)
	a := &x.answer
	*a = reply.Answer{Deployment: d, Header: res.Header, Quota: x.sender.noteQuota(d, res.Header),
		Status: res.StatusCode, Source: res.Body, Guard: &at.guard, Release: release, Dropped: x.dropped(d)}
	f := x.receive(a, res)
	if f == nil && x.isCompacting() {
		f = x.finishCompaction(a)
	}
	if f != nil || !a.IsOpen() {
		a.Discard() // nothing more is read of it
	}
	if f != nil {
		f.Header, f.Quota = res.Header, a.Quota
		return nil, f
	}
	return a, nil
}
