package request

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// pieces are what a body for an upstream consists of: pieces of the client's body, which are not
// copied, and what replaces the others.
type pieces [][]byte

// usualPieces is how many pieces nearly every body has at most.
const usualPieces = 8

// outgoingBody is the body of a request to an upstream. The Transport may read it after RoundTrip has
// returned, so it counts as one of loans until it is closed.
type outgoingBody struct {
	mu       sync.Mutex
	pieces   pieces
	store    [usualPieces][]byte // the first memory of pieces
	loans    *atomic.Int32       // counts the bodies that are not closed
	isClosed bool
}

// SmallBody is the length, in bytes, up to which a body is copied. net/http sends a body
// that it knows to be in memory together with the headers in one write, and any other body
// in a second write.
const SmallBody = 16 << 10

// Changes are the differences between a request to a deployment and the client's.
type Changes struct {
	Model     []byte           // the upstream's name of the model, as a JSON string literal
	ModelName string           // the same as plain text, for forms
	Defaults  []dialect.Member // added where the client did not send them
	NewName   string           // for the member that some upstreams know by another name; empty: no change
	Dropped   []string         // parts of a form that are left out
}

// NewBody returns the body for an upstream, and its length in bytes.
func (q *Request) NewBody(c Changes) (io.ReadCloser, int64) {
	var store [usualPieces][]byte // not on the heap, for most bodies are small
	list := q.appendPieces(store[:0], c)
	size := 0
	for _, p := range list {
		size += len(p)
	}
	if size > SmallBody {
		return lend(&q.lent, list...), int64(size)
	}
	whole := make([]byte, 0, size)
	for _, p := range list {
		whole = append(whole, p...)
	}
	return io.NopCloser(bytes.NewReader(whole)), int64(size)
}

// lend returns a reader of pieces, and adds one to loans until the reader is closed.
func lend(loans *atomic.Int32, list ...[]byte) *outgoingBody {
	o := &outgoingBody{loans: loans}
	o.pieces = append(o.store[:0], list...)
	loans.Add(1)
	return o
}

// Lend returns a reader of a body, and adds one to loans until the reader is closed. Until
// then the body must not be changed.
func Lend(body []byte, loans *atomic.Int32) io.ReadCloser { return lend(loans, body) }

// AppendBody appends the body for an upstream to dst.
func (q *Request) AppendBody(dst []byte, c Changes) []byte {
	for _, piece := range q.appendPieces(nil, c) {
		dst = append(dst, piece...)
	}
	return dst
}

// UneditedBody returns the client's body, which must not be changed. ok is true when the
// changes concern nothing but the model.
func (q *Request) UneditedBody(c Changes) (body []byte, ok bool) {
	isEdit := func(e edit) bool { return e.kind != replaceModel && (e.kind != rename || c.NewName != "") }
	return q.body, len(c.Defaults) == 0 && !slices.ContainsFunc(q.edits, isEdit)
}

// Body returns the client's body. It must not be changed.
func (q *Request) Body() []byte { return q.body }

// Holds reports whether the bytes of the client's body contain text.
func (q *Request) Holds(text string) bool { return bytes.Contains(q.body, []byte(text)) }

// BodySize returns the length of the client's body in bytes.
func (q *Request) BodySize() int { return len(q.body) }

// appendPieces appends the client's body with the edits applied.
func (q *Request) appendPieces(list pieces, c Changes) pieces {
	if q.boundary != "" {
		return q.appendFormPieces(list, c)
	}
	at := 0
	for _, e := range q.edits {
		list = list.with(q.body[at:e.start])
		switch e.kind {
		case replaceModel:
			list = list.with(c.Model)
		case insertModel:
			list = append(list, []byte(`"model":`), c.Model)
			if q.keepsMembers {
				list = append(list, []byte{','})
			}
		case rename:
			if c.NewName != "" && !q.Sent(c.NewName) {
				list = append(list, []byte(`"`+c.NewName+`"`))
			} else {
				list = list.with(q.body[e.start:e.end])
			}
		}
		at = e.end
	}
	if len(c.Defaults) > 0 {
		end := bytes.LastIndexByte(q.body, '}')
		list = q.appendDefaults(list.with(q.body[at:end]), c.Defaults)
		at = end
	}
	return list.with(q.body[at:])
}

// appendDefaults appends those of the defaults that the client did not send.
func (q *Request) appendDefaults(list pieces, defaults []dialect.Member) pieces {
	for i := range defaults {
		if !slices.ContainsFunc(q.names, defaults[i].SaysSame) {
			list = list.with(defaults[i].Text)
		}
	}
	return list
}

// Sent reports whether the client sent a member of that name.
func (q *Request) Sent(name string) bool {
	return slices.ContainsFunc(q.names, func(sent []byte) bool { return string(sent) == name })
}

// with returns the pieces with another one, unless that is empty.
func (p pieces) with(piece []byte) pieces {
	if len(piece) == 0 {
		return p
	}
	return append(p, piece)
}

// Read reads the pieces in order. After Close it returns io.EOF.
func (o *outgoingBody) Read(p []byte) (int, error) {
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
func (o *outgoingBody) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.isClosed {
		o.isClosed, o.pieces = true, nil
		o.loans.Add(-1)
	}
	return nil
}
