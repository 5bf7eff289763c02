package translate

import (
	"errors"
	"sync"
	"unsafe"
)

// room is the memory for the parts of a conversation. It is used again by later
// requests, since a long conversation has thousands of parts.
type room struct {
	parts, inner, scratch []part
	turns                 []turn
}

// maxParts is how many parts a room may have to be used again.
const maxParts = 4 << 10

var rooms = sync.Pool{New: func() any { return new(room) }}

// ErrMemory is the error of a request for whose parts Options.Reserve had no memory.
var ErrMemory = errors.New("the parts of the request need more memory than there is")

// reserveStep is by how many bytes room grows before it is reserved.
const reserveStep = 1 << 20

// size returns the memory of the request's parts in bytes.
func (r *request) size() int {
	return (cap(r.parts)+cap(r.inner)+cap(r.scratch))*int(unsafe.Sizeof(part{})) +
		cap(r.turns)*int(unsafe.Sizeof(turn{})) + cap(r.tools)*int(unsafe.Sizeof(tool{}))
}

// reserve has the memory counted that the parts take: many small ones take several times
// what they have in the body. Where there is none left, it ends the reading.
func (r *request) reserve(s *scan) {
	if r.isMemoryOut { // in a document of its own that is part of the body
		s.fail(ErrMemory.Error())
		return
	}
	size := r.size()
	if size < r.reserved+reserveStep || r.opts.Reserve == nil {
		return
	}
	if !r.opts.Reserve(size - r.reserved) {
		r.isMemoryOut = true
		s.fail(ErrMemory.Error())
	}
	r.reserved = size
}

// takeRoom gives the request empty room, which returnRoom takes back.
func (r *request) takeRoom() {
	r.room = rooms.Get().(*room)
	r.parts, r.inner, r.scratch, r.turns = r.room.parts, r.room.inner, r.room.scratch, r.room.turns
}

// returnRoom drops what the parts hold of the client's body and keeps their room for
// the next request. The request must not be used any more.
func (r *request) returnRoom() {
	if cap(r.parts)+cap(r.inner)+cap(r.scratch) > maxParts || cap(r.turns) > maxParts {
		return
	}
	clear(r.parts)
	clear(r.inner)
	clear(r.scratch[:cap(r.scratch)])
	*r.room = room{parts: r.parts[:0], inner: r.inner[:0], scratch: r.scratch[:0], turns: r.turns[:0]}
	rooms.Put(r.room)
}
