package translate

import (
	"errors"
	"sync"
	"unsafe"
)

// buffers is the memory for the parts of a conversation. Later requests use it again,
// since a long conversation has thousands of parts.
type buffers struct {
	parts, inner, scratch []part
	turns                 []turn
}

// maxParts is the capacity, in parts and in turns, above which buffers are not used again.
const maxParts = 4 << 10

// bufferPool holds the buffers that no request uses.
var bufferPool = sync.Pool{New: func() any { return new(buffers) }}

// ErrMemory is the error of a request when Options.Reserve grants no memory for its parts.
var ErrMemory = errors.New("the parts of the request need more memory than is left")

// reserveStep is the number of bytes by which the buffers grow before the growth is reserved.
const reserveStep = 1 << 20

// size returns the memory of the request's parts in bytes.
func (r *request) size() int {
	return (cap(r.parts)+cap(r.inner)+cap(r.scratch))*int(unsafe.Sizeof(part{})) +
		cap(r.turns)*int(unsafe.Sizeof(turn{})) + cap(r.tools)*int(unsafe.Sizeof(tool{}))
}

// reserve reserves the memory that the parts take, since many small parts take several
// times their size in the body. When no memory is left, it ends the reading.
func (r *request) reserve(s *scan) {
	if r.isOutOfMemory { // s reads a part of the body as a document of its own
		s.fail(ErrMemory.Error())
		return
	}
	size := r.size()
	if size < r.reserved+reserveStep || r.opts.Reserve == nil {
		return
	}
	if !r.opts.Reserve(size - r.reserved) {
		r.isOutOfMemory = true
		s.fail(ErrMemory.Error())
	}
	r.reserved = size
}

// takeBuffers gives the request empty buffers; returnBuffers takes them back.
func (r *request) takeBuffers() {
	r.buffers = bufferPool.Get().(*buffers)
	r.parts, r.inner, r.scratch, r.turns = r.buffers.parts, r.buffers.inner, r.buffers.scratch, r.buffers.turns
}

// returnBuffers removes what the parts hold of the client's body and keeps the buffers for
// a later request. The request must not be used any more.
func (r *request) returnBuffers() {
	if cap(r.parts)+cap(r.inner)+cap(r.scratch) > maxParts || cap(r.turns) > maxParts {
		return
	}
	clear(r.parts)
	clear(r.inner)
	clear(r.scratch[:cap(r.scratch)])
	*r.buffers = buffers{parts: r.parts[:0], inner: r.inner[:0], scratch: r.scratch[:0], turns: r.turns[:0]}
	bufferPool.Put(r.buffers)
}
