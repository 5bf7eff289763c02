package request

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/decode"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/memory"
)

// Time limits of reading a request's body.
const (
	DefaultBodyTimeout = 60 * time.Second // for a whole body
	bodyRate           = 16 << 10         // the bytes for which a body gets one more second
)

// readBody reads the whole body before a request is sent to an upstream: routing needs it,
// and a Transport that still reads from the client when the reply begins cuts streams off
// (golang/go#40747).
func (q *Request) readBody(w http.ResponseWriter, r *Reader, loan *memory.Loan) *failure.Failure {
	size := q.HTTP.ContentLength
	if size > r.MaxBody {
		return bodyTooLarge(r.MaxBody)
	}
	source, decoder, f := q.bodySource(r.MaxBody)
	if f != nil {
		w.Header()["Accept-Encoding"] = []string{acceptedEncodings}
		RefuseBody(w, q.HTTP)
		return f
	}
	if decoder != nil {
		defer decoder.Close()
		size = -1
	}
	q.guardBody(w, r)
	var err error
	q.body, err = loan.ReadAll(q.body[:0], source, size, r.MaxBody)
	if errors.Is(err, memory.ErrExhausted) { // a client that is still sending would not see the reply
		q.body = nil
		loan.GiveBack()
		_, _ = io.Copy(io.Discard, io.LimitReader(q.HTTP.Body, r.MaxBody)) // the reply is the same if this fails
	}
	q.guard.Stop()
	q.client = http.ResponseController{}
	if err != nil || int64(len(q.body)) > r.MaxBody {
		return q.incompleteBody(w, r, err)
	}
	return q.checkBody()
}

// guardBody starts the guard that ends the reading of a body which takes too long.
func (q *Request) guardBody(w http.ResponseWriter, r *Reader) {
	q.client = *http.NewResponseController(w)
	if q.onSlowBody == nil {
		q.onSlowBody = func() { _ = q.client.SetReadDeadline(time.Now()) } // not every connection has deadlines
	}
	q.guard.Start(r.Watchdog, r.BodyTimeout+time.Duration(max(q.HTTP.ContentLength, 0)/bodyRate)*time.Second, q.onSlowBody)
}

// incompleteBody returns the failure of a body that could not be read to its end.
func (q *Request) incompleteBody(w http.ResponseWriter, r *Reader, err error) *failure.Failure {
	var broken *decode.Error
	switch {
	case err == nil, errors.Is(err, errBodyTooLong):
		return bodyTooLarge(r.MaxBody)
	case errors.Is(err, memory.ErrExhausted):
		RefuseBody(w, q.HTTP)
		return failure.MemoryExhausted()
	case q.guard.IsLate():
		return bodyTimeout(q.guard.Limit())
	case errors.Is(q.HTTP.Context().Err(), context.Canceled):
		return &failure.Failure{ClientGone: true}
	case errors.As(err, &broken):
		return failure.BadRequest("request_body", "Invalid request: the body is not valid "+broken.Coding+
			", which its Content-Encoding announces")
	}
	return failure.BadRequest("request_body", "Invalid request: the body ended early")
}

// bodyTimeout returns the failure of a body that did not arrive within limit.
func bodyTimeout(limit time.Duration) *failure.Failure {
	f := failure.BadRequest("request_body", "Request timed out: the body did not arrive within "+limit.String())
	f.Status = http.StatusRequestTimeout
	return f
}

// bodyTooLarge returns the failure of a body that is longer than limit bytes.
func bodyTooLarge(limit int64) *failure.Failure {
	f := failure.BadRequest("request_body", "Request body is longer than "+strconv.FormatInt(limit, 10)+" bytes")
	f.Status = http.StatusRequestEntityTooLarge
	return f
}
