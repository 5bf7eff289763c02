package translate

import "sync"

// room is the memory for the parts of a conversation. It is used again by later
// requests, since a long conversation has thousands of parts.
type room struct {
	parts, inner, scratch []part
	turns                 []turn
}

// maxParts is how many parts a room may have to be used again.
const maxParts = 4 << 10

var rooms = sync.Pool{New: func() any { return new(room) }}

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
