package request

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// outgoingBody is the body of a request to an upstream. It consists of pieces of the client's
// body, which are not copied. The Transport may read it after RoundTrip has returned, so it
// counts as one of loans until it is closed.
type outgoingBody struct {
	mu       sync.Mutex
	pieces   [][]byte
	store    [8][]byte     // the first memory of pieces
	loans    *atomic.Int32 // counts the bodies that are not closed
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
	o := q.newOutgoingBody(c)
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

// Lend returns a reader of a body, and adds one to loans until the reader is closed. Until
// then the body must not be changed.
func Lend(body []byte, loans *atomic.Int32) io.ReadCloser {
	o := &outgoingBody{loans: loans}
	o.pieces = append(o.store[:0], body)
	loans.Add(1)
	return o
}

// AppendBody appends the body for an upstream to dst.
func (q *Request) AppendBody(dst []byte, c Changes) []byte {
	for _, piece := range q.newOutgoingBody(c).pieces {
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

// newOutgoingBody returns the client's body with the edits applied.
func (q *Request) newOutgoingBody(c Changes) *outgoingBody {
	if q.boundary != "" {
		return q.newOutgoingForm(c)
	}
	o := &outgoingBody{loans: &q.lent}
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

// addDefaults adds those of the defaults that the client did not send.
func (q *Request) addDefaults(o *outgoingBody, defaults []dialect.Member) {
	for i := range defaults {
		if !slices.ContainsFunc(q.names, defaults[i].SaysSame) {
			o.add(defaults[i].Text)
		}
	}
}

// Sent reports whether the client sent a member of that name.
func (q *Request) Sent(name string) bool {
	return slices.ContainsFunc(q.names, func(sent []byte) bool { return string(sent) == name })
}

// add appends a piece, unless it is empty.
func (o *outgoingBody) add(piece []byte) {
	if len(piece) > 0 {
		o.pieces = append(o.pieces, piece)
	}
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
