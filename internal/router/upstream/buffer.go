package upstream

import (
	"sync"
	"sync/atomic"

	"github.com/flowgate-go/flowgate/internal/router/request"
)

// buffer holds the body that was made for an upstream. Buffers are used again, because
// new pages of memory cost more than writing the bytes to them.
type buffer struct {
	bytes []byte       // empty, with the capacity of the buffer
	loans atomic.Int32 // readers of the body that the Transport has not closed yet
}

// maxBuffer is the capacity, in bytes, of the largest buffer that is used again.
const maxBuffer = 1 << 20

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// takeBuffer returns an empty buffer with room for size bytes. For a small body, which
// net/http sends together with the headers, a buffer is not worthwhile: it returns nil.
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

// room returns an empty slice to append a body to: the buffer's, or a new one of size
// bytes when b is nil.
func (b *buffer) room(size int) []byte {
	if b == nil {
		return make([]byte, 0, size)
	}
	return b.bytes
}

// heldSize returns how many bytes of memory a body counts: its length, or its whole
// capacity when that is too large for the pool of buffers.
func heldSize(body []byte) int {
	if cap(body) > maxBuffer {
		return cap(body)
	}
	return len(body)
}

// put keeps the buffer for the next request. body is what was appended to it, nil when
// that failed. A buffer that the Transport may still read is not used again.
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
