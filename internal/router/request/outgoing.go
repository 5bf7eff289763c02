package request

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// outgoing is the body of a request to an upstream, made of pieces of the client's
// body, which are not copied. The Transport may read it after RoundTrip returned, so
// it counts itself among the request's loans until it is closed.
type outgoing struct {
	mu       sync.Mutex
	pieces   [][]byte
	store    [8][]byte
	loans    *atomic.Int32
	isClosed bool
}

// SmallBody is the length, in bytes, up to which a body is copied. net/http sends a
// body that it knows to be in memory in one write with the headers, and makes two
// writes of any other.
const SmallBody = 16 << 10

// Changes are what a deployment's requests have differently from the client's.
type Changes struct {
	Model     []byte           // the upstream's name of the model, as a JSON string literal
	ModelName string           // the same as it is, for forms
	Defaults  []dialect.Member // added where the client did not send them
	NewName   string           // of the member that some upstreams know by another name; empty: its own
}

// NewBody returns the body for an upstream, and its length in bytes.
func (q *Request) NewBody(c Changes) (io.ReadCloser, int64) {
	o := q.newOutgoing(c)
	size := 0
	for _, p := range o.pieces {
		size += len(p)
	}
	if size > SmallBody {
		q.lent.Add(1)
		return o, int64(size)
	}
	whole := make([]byte, 0, size)
	for _, p := range o.pieces {
		whole = append(whole, p...)
	}
	return io.NopCloser(bytes.NewReader(whole)), int64(size)
}

// Lend returns a reader of a body and counts itself among loans until it is closed. Until
// then the body must not be changed.
func Lend(body []byte, loans *atomic.Int32) io.ReadCloser {
	o := &outgoing{loans: loans}
	o.pieces = append(o.store[:0], body)
	loans.Add(1)
	return o
}

// AppendBody appends the body for an upstream to dst.
func (q *Request) AppendBody(dst []byte, c Changes) []byte {
	for _, piece := range q.newOutgoing(c).pieces {
		dst = append(dst, piece...)
	}
	return dst
}

// UneditedBody returns the client's body where an upstream would get nothing else than
// another model in it. It must not be changed.
func (q *Request) UneditedBody(c Changes) (body []byte, ok bool) {
	isEdit := func(e edit) bool { return e.kind != replaceModel && (e.kind != rename || c.NewName != "") }
	return q.body, len(c.Defaults) == 0 && !slices.ContainsFunc(q.edits, isEdit)
}

// Body returns the client's body. It must not be changed.
func (q *Request) Body() []byte { return q.body }

// Holds reports whether the client's body has a text in it, as it stands in the bytes.
func (q *Request) Holds(text string) bool { return bytes.Contains(q.body, []byte(text)) }

// BodySize returns the length of the client's body in bytes.
func (q *Request) BodySize() int { return len(q.body) }

// newOutgoing applies the edits to the client's body.
func (q *Request) newOutgoing(c Changes) *outgoing {
	if q.boundary != "" {
		return q.newFormOutgoing(c)
	}
	o := &outgoing{loans: &q.lent}
	o.pieces = o.store[:0]
	at := 0
	for _, e := range q.edits {
		o.add(q.body[at:e.start])
		switch e.kind {
		case replaceModel:
			o.add(c.Model)
		case insertModel:
			o.add([]byte(`"model":`))
			o.add(c.Model)
			if q.keepsMembers {
				o.add([]byte{','})
			}
		case rename:
			if c.NewName != "" && !q.Sent(c.NewName) {
				o.add([]byte(`"` + c.NewName + `"`))
			} else {
				o.add(q.body[e.start:e.end])
			}
		}
		at = e.end
	}
	if len(c.Defaults) > 0 {
		end := bytes.LastIndexByte(q.body, '}')
		o.add(q.body[at:end])
		q.addDefaults(o, c.Defaults)
		at = end
	}
	o.add(q.body[at:])
	return o
}

// addDefaults adds the members that the client did not send.
func (q *Request) addDefaults(o *outgoing, defaults []dialect.Member) {
	for i := range defaults {
		if !slices.ContainsFunc(q.names, defaults[i].SaysSame) {
			o.add(defaults[i].Text)
		}
	}
}

// Sent reports whether the client sent a member.
func (q *Request) Sent(name string) bool {
	return slices.ContainsFunc(q.names, func(sent []byte) bool { return string(sent) == name })
}

// add appends a piece.
func (o *outgoing) add(piece []byte) {
	if len(piece) > 0 {
		o.pieces = append(o.pieces, piece)
	}
}

// Read reads the pieces in order. After Close it returns io.EOF.
func (o *outgoing) Read(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for n < len(p) && len(o.pieces) > 0 {
		k := copy(p[n:], o.pieces[0])
		n += k
		if o.pieces[0] = o.pieces[0][k:]; len(o.pieces[0]) == 0 {
			o.pieces = o.pieces[1:]
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Close ends the loan. It waits for a Read in progress.
func (o *outgoing) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.isClosed {
		o.isClosed, o.pieces = true, nil
		o.loans.Add(-1)
	}
	return nil
}
