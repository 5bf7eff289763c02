// Package request reads a client's request: its body, the model that it asks for,
// and what it asks of the router. Request.Accept reads one; Request.NewBody makes the
// body for a deployment of the bytes that came, with the model's name replaced.
//
// It never decodes a body as a whole, and never changes a member that is not meant
// for the router.
//
// It has more than 700 lines: what the scanner finds in a body (scanner.go)
// is what the new body is made from (outgoing.go), and both work on one Request.
package request

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/memory"
	"github.com/flowgate-go/flowgate/internal/router/splice"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
)

// Reader holds the limits of reading requests. All requests of a router share one.
type Reader struct {
	MaxBody         int64         // longest body in bytes
	BodyTimeout     time.Duration // for a whole body, besides one second for each 16 kB
	MeasuresPrompts bool          // PromptWeight are counted in every request
	AllowMocks      bool          // mock_testing_ members are allowed
	Watchdog        *watchdog.Watchdog
}

// Request is one request of a client. It is reused with its buffers: Reset begins a
// new one.
type Request struct {
	HTTP    *http.Request
	Dialect dialect.Dialect
	ID      string // the call's id: the client's own, or a random one

	Model        string
	ModelLiteral []byte // the model as a JSON string literal, to put into replies; nil without one
	Stream       bool
	PromptWeight int // weight of the prompt for the local estimate; counted in CountTokens, and where the Reader says so
	Control      Control
	Marks        affinity.Marks

	body         []byte   // as it came
	names        [][]byte // of the members that the client sent
	edits        []edit   // what upstreams get differently, in order
	keepsMembers bool     // members besides the model go to upstreams
	boundary     string   // of a form; empty for JSON
	formEnd      int      // where a form's last delimiter begins
	lent         atomic.Int32
}

// edit replaces body[start:end] by the deployment's model name, by another name of a
// member, or by nothing.
type edit struct {
	start, end int
	kind       editKind
}

// editKind says what replaces a part of the body.
type editKind int

const (
	cut editKind = iota
	replaceModel
	insertModel
	rename // the name of a member that some upstreams know by another one
)

// Reset begins a new request. isStream says that its path asks for a stream.
func (q *Request) Reset(req *http.Request, d dialect.Dialect, isStream bool) {
	q.HTTP, q.Dialect, q.ID, q.Stream = req, d, CallID(req), isStream
	q.Model, q.ModelLiteral, q.PromptWeight, q.Control, q.Marks = "", nil, 0, Control{}, affinity.Marks{}
	q.body, q.edits, q.keepsMembers = q.body[:0], q.edits[:0], false
	q.names = q.names[:0]
	q.boundary, q.formEnd = "", 0
}

// IsReusable reports whether the request may be reset for another one: no Transport
// still holds a part of the body, which RoundTripper's contract allows, and the
// buffer is at most maxBuffer long.
func (q *Request) IsReusable(maxBuffer int) bool {
	return q.lent.Load() == 0 && cap(q.body) <= maxBuffer
}

// Accept reads the body and understands it. pathModel is the model that the path
// names; it wins over the body's. The failure is the client's fault.
func (q *Request) Accept(w http.ResponseWriter, r *Reader, loan *memory.Loan, pathModel string) *failure.Failure {
	if f := q.readBoundary(); f != nil {
		RefuseBody(w, q.HTTP)
		return f
	}
	if f := q.readBody(w, r, loan); f != nil {
		return f
	}
	if q.boundary != "" {
		return q.acceptForm(r, pathModel)
	}
	s := &scanner{request: q, allowMocks: r.AllowMocks,
		measures: r.MeasuresPrompts || q.Dialect.IsCounting(), tail: bytes.IndexByte(q.body, '{') + 1}
	if err := splice.Members(q.body, s.member); err != nil {
		f := failure.BadRequest("request_body", "Invalid JSON payload: "+describePosition(q.body, err))
		f.OpenAIOnly = true
		return f
	}
	switch {
	case pathModel != "" && s.hasModel && q.ModelLiteral == nil:
		s.fail(failure.BadRequest("model", "The body's 'model' is not a text; the path names the model"))
	case pathModel != "":
		q.setModel(pathModel)
	}
	q.keepsMembers = s.keeps
	q.Stream = q.Stream && q.Dialect.HasStreams()
	if s.problem != nil {
		return s.problem
	}
	for _, key := range q.Dialect.Required() {
		if !slices.Contains(s.seen, key) {
			return failure.BadRequest(key, fmt.Sprintf("%s: Missing required parameter: '%s'.", q.Dialect.Name(), key))
		}
	}
	return q.readControlHeaders()
}

// AssumeModel sets the model of a request that names none.
func (q *Request) AssumeModel(model string) { q.setModel(model) }

// setModel replaces the body's model by the path's.
func (q *Request) setModel(model string) {
	q.setModelName(model)
	if q.Dialect.IsGoogle() { // the path alone names it to upstreams, too
		return
	}
	for _, e := range q.edits {
		if e.kind == replaceModel {
			return
		}
	}
	at := bytes.IndexByte(q.body, '{') + 1
	q.edits = append([]edit{{at, at, insertModel}}, q.edits...)
}

// describePosition returns where a syntax error is, in Python's words.
func describePosition(body []byte, err error) string {
	var e *splice.SyntaxError
	if !errors.As(err, &e) {
		return err.Error()
	}
	before := body[:e.Offset]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := e.Offset - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("%s: line %d column %d (char %d)", e.Reason, line, column, e.Offset)
}
