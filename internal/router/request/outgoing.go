package request

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
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

// smallBody is the length, in bytes, up to which a body is copied. net/http sends a
// body that it knows to be in memory in one write with the headers, and makes two
// writes of any other.
const smallBody = 16 << 10

// NewBody returns the body for an upstream whose model's name is modelLiteral, a JSON
// string literal, and its length in bytes.
func (q *Request) NewBody(modelLiteral []byte) (io.ReadCloser, int64) {
	o := q.newOutgoing(modelLiteral)
	size := 0
	for _, p := range o.pieces {
		size += len(p)
	}
	if size > smallBody {
		q.lent.Add(1)
		return o, int64(size)
	}
	whole := make([]byte, 0, size)
	for _, p := range o.pieces {
		whole = append(whole, p...)
	}
	return io.NopCloser(bytes.NewReader(whole)), int64(size)
}

// AppendBody appends the body for an upstream whose model's name is modelLiteral to dst.
func (q *Request) AppendBody(dst, modelLiteral []byte) []byte {
	for _, piece := range q.newOutgoing(modelLiteral).pieces {
		dst = append(dst, piece...)
	}
	return dst
}

// newOutgoing applies the edits to the client's body.
func (q *Request) newOutgoing(modelLiteral []byte) *outgoing {
	o := &outgoing{loans: &q.lent}
	o.pieces = o.store[:0]
	at := 0
	for _, e := range q.edits {
		o.add(q.body[at:e.start])
		switch e.kind {
		case replaceModel:
			o.add(modelLiteral)
		case insertModel:
			o.add([]byte(`"model":`))
			o.add(modelLiteral)
			if q.keepsMembers {
				o.add([]byte{','})
			}
		}
		at = e.end
	}
	o.add(q.body[at:])
	return o
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
