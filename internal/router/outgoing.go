package router

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
)

// outgoing is a request body made of pieces of the client's body, which stay
// where they are. It may be read by the Transport after RoundTrip returned, so
// it counts itself among the call's loans until it is closed.
type outgoing struct {
	mu     sync.Mutex
	pieces [][]byte
	store  [8][]byte
	loans  *atomic.Int32
	closed bool
}

// smallBody is the length in bytes up to which a body is copied. net/http sends
// a body that it knows to be in memory in one write with the headers, and
// makes two writes of any other.
const smallBody = 16 << 10

// bodyFor makes the body for d and says how long it is.
func (c *call) bodyFor(d *Deployment) (io.ReadCloser, int64) {
	o := c.outgoing(d)
	size := 0
	for _, p := range o.pieces {
		size += len(p)
	}
	if size > smallBody {
		c.lent.Add(1)
		return o, int64(size)
	}
	whole := make([]byte, 0, size)
	for _, p := range o.pieces {
		whole = append(whole, p...)
	}
	return io.NopCloser(bytes.NewReader(whole)), int64(size)
}

func (c *call) outgoing(d *Deployment) *outgoing {
	o := &outgoing{loans: &c.lent}
	o.pieces = o.store[:0]
	at := 0
	for _, e := range c.edits {
		o.add(c.body[at:e.start])
		switch e.kind {
		case replaceModel:
			o.add(d.wire.literal)
		case insertModel:
			o.add([]byte(`"model":`))
			o.add(d.wire.literal)
			if c.kept {
				o.add([]byte{','})
			}
		}
		at = e.end
	}
	o.add(c.body[at:])
	return o
}

func (o *outgoing) add(piece []byte) {
	if len(piece) > 0 {
		o.pieces = append(o.pieces, piece)
	}
}

// Read gives out the pieces. After Close it reads nothing more.
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
	if !o.closed {
		o.closed, o.pieces = true, nil
		o.loans.Add(-1)
	}
	return nil
}
