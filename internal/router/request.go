package router

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// call is one client request on its way. Calls are pooled with their buffers.
type call struct {
	r       *Router
	w       http.ResponseWriter
	req     *http.Request
	dialect dialect
	id      string

	body    []byte // as it came
	edits   []edit // what the upstream gets differently, in order
	model   string
	literal []byte // the model as a JSON string, to put into replies
	stream  bool
	tokens  int  // bytes of prompt, for the local estimate
	kept    bool // members besides the model go to the upstream
	control control

	traced context.Context // holds the trace that sets reused
	reused bool            // the last round trip got a connection that was used before

	trial    *trial        // the attempt in progress is one
	visited  []string      // groups tried
	tried    []*Deployment // deployments that failed in this group
	pool     []*Deployment // scratch of candidates
	retries  int           // of the group that answered
	budget   int
	fellBack bool

	client client

	reply []byte // an unstreamed reply
	out   []byte // what goes to the client next
	chunk []byte // what was read last
	lent  atomic.Int32
	held  int64 // bytes that count to the router's memory
}

// edit replaces body[start:end] by the deployment's model name, or by nothing.
type edit struct {
	start, end int
	kind       editKind
}

type editKind int

const (
	cut editKind = iota
	replaceModel
	insertModel
)

// Buffers longer than this are not kept for the next call.
const maxPooled = 1 << 20

func (c *call) begin(r *Router, w http.ResponseWriter, req *http.Request, d dialect) {
	c.r, c.w, c.req, c.dialect = r, w, req, d
	c.id = callID(req)
	c.beginClient()
	c.body, c.edits, c.literal = c.body[:0], c.edits[:0], nil
	c.model, c.stream, c.tokens, c.kept, c.control = "", false, 0, false, control{}
	c.visited, c.tried, c.retries, c.budget, c.fellBack, c.trial = c.visited[:0], c.tried[:0], 0, 0, false, nil
}

// end gives the call back. The Transport may still hold a body that it was
// lent (RoundTripper's contract allows that); then the buffers are left to it.
func (c *call) end() {
	pool := &c.r.calls
	if c.held > 0 {
		c.r.memory.give(c.held)
		c.held = 0
	}
	c.r, c.w, c.req = nil, nil, nil
	if c.lent.Load() != 0 || cap(c.body) > maxPooled || cap(c.reply) > maxPooled || cap(c.out) > maxPooled {
		return
	}
	pool.Put(c)
}

// accept reads and understands the request; what it returns is the client's fault.
func (c *call) accept(pathModel string) *failure {
	if f := c.read(); f != nil {
		return f
	}
	s := &scanner{call: c, tail: bytes.IndexByte(c.body, '{') + 1}
	if err := splice.Members(c.body, s.member); err != nil {
		f := badRequest("request_body", "Invalid JSON payload: "+position(c.body, err))
		f.openAIOnly = true
		return f
	}
	switch {
	case pathModel != "" && s.named && c.literal == nil:
		s.fault(badRequest("model", "The body's 'model' is not a text; the path names the model"))
	case pathModel != "":
		c.useModel(pathModel)
	}
	c.kept = s.kept
	if s.problem != nil {
		return s.problem
	}
	for _, key := range specs[c.dialect].required {
		if !slices.Contains(s.seen, key) {
			return badRequest(key, fmt.Sprintf("%s: Missing required parameter: '%s'.", specs[c.dialect].name, key))
		}
	}
	return c.readControlHeaders()
}

// useModel lets the model of the path win over the body's.
func (c *call) useModel(model string) {
	c.model = model
	c.literal, _ = json.Marshal(model) // a string always marshals
	for _, e := range c.edits {
		if e.kind == replaceModel {
			return
		}
	}
	at := bytes.IndexByte(c.body, '{') + 1
	c.edits = append([]edit{{at, at, insertModel}}, c.edits...)
}

// position says where a syntax error is, in Python's words.
func position(body []byte, err error) string {
	var e *splice.SyntaxError
	if !errors.As(err, &e) {
		return err.Error()
	}
	before := body[:e.Offset]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := e.Offset - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("%s: line %d column %d (char %d)", e.Reason, line, column, e.Offset)
}
