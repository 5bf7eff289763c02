// Package reply sends a reply to the client: a whole one, a stream piece by piece as
// it comes, or an error. An Answer is a deployment's good reply; the Writer is the
// client's side of a request. Call Writer.Reset, then Deliver or Fail.
//
// It never changes a reply except for the model's name and the deployment's key. It has
// more than 700 lines because keep-alives, held openings and copies share one lock.
package reply

import (
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/splice"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

// Answer is a deployment's good reply: whole, or a stream that has begun.
type Answer struct {
	Deployment *deployment.Deployment
	Header     http.Header    // of the upstream's reply; nil for a mock
	Quota      []quota.Window // that Header names
	Status     int            // 0: 200

	Dropped        []string // members of the request that were lost in its translation
	UsageEstimated bool     // the upstream sent no usage; the usage in Body is an estimate

	ContentType string // of a reply that is not JSON; empty for JSON

	Body                 []byte // a whole reply, or the beginning of a passed one
	ModelStart, ModelEnd int    // where the model's name is in Body; ModelEnd 0: nowhere
	Usage                []byte // the usage in a whole reply, as the upstream sent it; nil: it may be in Body

	IsPassed bool  // Source has the rest of Body, which goes to the client byte for byte as it comes
	Size     int64 // of a passed reply in bytes; -1: unknown

	Events  *splice.Stream  // of a stream, else nil; the Writer holds the events up to the first content
	Source  io.ReadCloser   // the rest of a stream, or of a passed reply, decoded
	Guard   *watchdog.Guard // the time limits of the attempt
	Release func()          // ends the attempt

	redaction deployment.EventRedaction
}

// IsOpen reports whether more of the reply has to come from the upstream.
func (a *Answer) IsOpen() bool { return a.Events != nil || a.IsPassed }

// Discard closes a reply that is not sent to the client.
func (a *Answer) Discard() {
	if a.Source != nil {
		_ = a.Source.Close()
	}
	if a.Release != nil {
		a.Release()
	}
}

// Deliver sends a good reply to the client. It returns how a stream or a passed reply
// ended, or the zero End for a whole reply.
func (w *Writer) Deliver(a *Answer) End {
	if a.IsOpen() {
		defer a.Discard()
		if a.IsPassed {
			return w.pass(a)
		}
		return w.copyStream(a)
	}
	w.stopKeepAlive()
	mayStream := w.isCommitted || w.request.Stream && !w.request.Dialect.IsCounting()
	if !mayStream || !w.deliverAsStream(a) {
		w.deliverWhole(a)
	}
	return End{}
}

// deliverWhole sends a whole reply.
func (w *Writer) deliverWhole(a *Answer) {
	w.setHeaders(a)
	h := w.http.Header()
	h["Content-Type"] = jsonType
	if a.ContentType != "" {
		h["Content-Type"] = []string{a.ContentType}
	}
	size := len(a.Body)
	if a.ModelEnd > 0 {
		size += len(w.request.ModelLiteral) - (a.ModelEnd - a.ModelStart)
	}
	h["Content-Length"] = []string{strconv.Itoa(size)}
	w.http.WriteHeader(lo.CoalesceOrEmpty(a.Status, http.StatusOK))
	if a.ModelEnd > 0 {
		w.writeWhole(a.Body[:a.ModelStart], w.request.ModelLiteral, a.Body[a.ModelEnd:])
		return
	}
	w.writeWhole(a.Body)
}

// deliverAsStream sends a whole reply as a stream to a client that asked for one. For a
// reply of an unknown form it returns false and sends nothing, unless keep-alives have
// begun the stream: then it sends an error event.
func (w *Writer) deliverAsStream(a *Answer) bool {
	body := a.Body
	if a.ModelEnd > 0 {
		body = slices.Concat(body[:a.ModelStart], w.request.ModelLiteral, body[a.ModelEnd:])
	}
	w.out = dialect.Restream(w.request.Dialect, body)
	switch {
	case w.out == nil && w.isCommitted:
		w.failCommitted(failure.UnstreamableReply(a.Deployment))
		return true
	case w.out == nil:
		return false
	}
	w.mu.Lock()
	w.commit(a)
	w.mu.Unlock()
	w.writeLast()
	return true
}

// Fail answers the client with an error, unless the client has disconnected.
func (w *Writer) Fail(f *failure.Failure) {
	if f.ClientGone {
		return
	}
	w.stopKeepAlive()
	if w.isCommitted {
		w.failCommitted(f)
		return
	}
	h := w.http.Header()
	h["X-Litellm-Call-Id"] = []string{w.request.ID}
	setDropped(h, f.Dropped)
	copyUpstreamHeaders(h, f.Header)
	f.Deployment.RedactHeaders(h)
	if f.Deployment != nil {
		h["X-Litellm-Model-Id"] = f.Deployment.IDHeader
		h["X-Litellm-Model-Group"] = f.Deployment.GroupHeader
	}
	if f.RetryAfter > 0 {
		h["Retry-After"] = []string{strconv.Itoa(failure.CeilSeconds(f.RetryAfter))}
	}
	d := w.request.Dialect
	if f.OpenAIOnly && !d.IsGoogle() {
		d = dialect.Chat
	}
	WriteError(w.http, d, f.Status, dialect.Error{Message: f.Text + f.Suffix, Type: f.Kind, Param: f.Param,
		Repeat: f.Repeat})
}

// failCommitted ends a stream that has begun with keep-alives by an error event.
func (w *Writer) failCommitted(f *failure.Failure) {
	withSuffix := *f
	withSuffix.Text += f.Suffix
	w.out = w.errorEvent(&withSuffix, f.Status, 0)
	w.writeLast()
}

// errorEvent returns a failure as an event of the stream's dialect. sequence is the number
// of events before it.
func (w *Writer) errorEvent(f *failure.Failure, status, sequence int) []byte {
	return dialect.ErrorEvent{
		Error: dialect.Error{Message: f.Text, Type: f.Kind, Param: f.Param}, Status: status, TooLong: f.TooLong,
		Sequence:   sequence,
		ResponseID: "resp_" + w.request.ID, Model: w.request.Model, Created: w.opts.Now().Unix(),
	}.Encode(w.request.Dialect)
}

// WriteError sends an error in the dialect's form.
func WriteError(w http.ResponseWriter, d dialect.Dialect, status int, e dialect.Error) {
	WriteJSON(w, status, e.Body(d, status))
}

// WriteJSON sends a JSON document.
func WriteJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header()["Content-Type"] = jsonType
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error means that the client left
}
