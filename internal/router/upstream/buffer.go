package upstream

import (
	"sync"
	"sync/atomic"

	"github.com/flowgate-go/flowgate/internal/router/request"
)

// buffer holds the body that was made for an upstream. Buffers are used again: pages
// that are new cost more than the bytes that are written to them.
type buffer struct {
	bytes []byte       // empty
	loans atomic.Int32 // readers of the Transport's that are not closed yet
}

// maxBuffer is how long a buffer may be, in bytes, to be used again.
const maxBuffer = 1 << 20

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// takeBuffer returns an empty buffer with room for size bytes. It returns nil where a
// buffer is not worth while: net/http sends a small body together with the headers.
func takeBuffer(size int) *buffer {
	if size <= request.SmallBody {
		return nil
	}
	b := buffers.Get().(*buffer)
	if cap(b.bytes) < size {
		b.bytes = make([]byte, 0, size)
	}
	return b
}

// room returns what a body is to be appended to.
func (b *buffer) room(size int) []byte {
	if b == nil {
		return make([]byte, 0, size)
	}
	return b.bytes
}

// heldSize returns how many bytes a body counts: all of its memory, unless that is in a
// buffer of the pool, which is bounded.
func heldSize(body []byte) int {
	if cap(body) > maxBuffer {
		return cap(body)
	}
	return len(body)
}

// put keeps the buffer for the next request. body is what was appended to it, nil when
// that failed. Where the Transport may still read it, the buffer is left to that.
func (b *buffer) put(body []byte) {
	if b == nil {
		return
	}
	if body != nil {
		b.bytes = body[:0]
	}
	if b.loans.Load() == 0 && cap(b.bytes) <= maxBuffer {
		buffers.Put(b)
	}
}
