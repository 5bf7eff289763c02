// Package request reads a client's request: its body, the model that it asks for, and what
// it asks the router to do. Request.Accept reads one; Request.NewBody makes the body for a
// deployment from the client's bytes, with the model's name replaced.
//
// It never decodes a body as a whole. It changes only the model, members that are meant for
// the router, and the name of a member that some upstreams know by another name.
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
	"github.com/flowgate-go/flowgate/internal/router/estimate"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/memory"
	"github.com/flowgate-go/flowgate/internal/router/splice"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
)

// Reader holds the limits of reading requests. All requests of a router share one.
type Reader struct {
	MaxBody         int64         // longest body in bytes
	BodyTimeout     time.Duration // for a whole body, plus one second for each 16 KiB
	MeasuresPrompts bool          // every request has a PromptWeight
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
	ModelLiteral []byte // the model as a JSON string literal, to put into replies; nil when none is named
	Stream       bool
	Control      Control
	Marks        affinity.Marks
	NeedsWeight  bool // the request has a PromptWeight, whatever the Reader says

	body         []byte       // decoded, otherwise as it came
	names        [][]byte     // of the members that the client sent
	prompt       [][]byte     // the parts of the prompt that are not weighed yet
	weight       int          // of the others
	edits        []edit       // the changes for upstreams, in the order of the body
	keepsMembers bool         // members besides the model go to upstreams
	boundary     string       // of a form; empty for JSON
	formEnd      int          // where a form's last delimiter begins
	parts        []edit       // of a form: what cuts each of its parts, in the order of names
	lent         atomic.Int32 // the bodies for upstreams that are not closed

	guard      watchdog.Guard          // of reading the body
	client     http.ResponseController // for onSlowBody
	onSlowBody func()                  // made once for each Request
}

// edit replaces body[start:end] with the deployment's name of the model, with another name
// of a member, or with nothing.
type edit struct {
	start, end int
	kind       editKind
}

// editKind says what replaces a part of the body.
type editKind int

const (
	cut          editKind = iota // nothing
	replaceModel                 // the name of the model
	insertModel                  // a member with the name of the model
	rename                       // the name of a member that some upstreams know by another one
)

// Reset begins a new request. isStream says that its path asks for a stream.
func (q *Request) Reset(req *http.Request, d dialect.Dialect, isStream bool) {
	q.HTTP, q.Dialect, q.ID, q.Stream = req, d, CallID(req), isStream
	q.Model, q.ModelLiteral, q.Control, q.Marks = "", nil, Control{}, affinity.Marks{}
	q.body, q.edits, q.keepsMembers = q.body[:0], q.edits[:0], false
	q.names, q.parts, q.prompt, q.weight = q.names[:0], q.parts[:0], q.prompt[:0], 0
	q.boundary, q.formEnd, q.NeedsWeight = "", 0, false
}

// IsReusable reports whether the request may be reset for another one: no Transport
// still holds a part of the body, which RoundTripper's contract allows, and the
// buffer is at most maxBuffer long.
func (q *Request) IsReusable(maxBuffer int) bool {
	return q.lent.Load() == 0 && cap(q.body) <= maxBuffer
}

// PromptWeight returns the weight of the prompt in hundredths of a token, as package estimate weighs; 0 when
// the request has none. It is weighed when somebody wants to know, which takes longer than all else that
// is done with a long request.
func (q *Request) PromptWeight() int {
	for _, part := range q.prompt {
		q.weight += estimate.Weight(part)
	}
	q.prompt = q.prompt[:0]
	return q.weight
}

// BodyRoom returns how many bytes the buffer of the body takes.
func (q *Request) BodyRoom() int { return cap(q.body) }

// Accept reads the body, and from it what the router needs. pathModel is the model that the
// path names; it takes precedence over the body's. The failure is nil when the request is
// valid.
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
		measures: r.MeasuresPrompts || q.NeedsWeight || q.Dialect.IsCounting(), tail: bytes.IndexByte(q.body, '{') + 1}
	if err := splice.Members(q.body, s.visitMember); err != nil {
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

// setModel sets the model, in place of the body's.
func (q *Request) setModel(model string) {
	q.setModelName(model)
	if q.Dialect.IsGoogle() { // upstreams, too, get the model in the path alone
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

// describePosition returns a syntax error and its place in the words of Python's json module.
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
