package upstream

import (
	"io"

	"github.com/flowgate-go/flowgate/internal/router/request"
)

// BufferFor takes a buffer of size bytes and has fill append to it.
func BufferFor(size int, fill func(room []byte) []byte) (body io.ReadCloser, put func()) {
	b := takeBuffer(size)
	filled := fill(b.room(size))
	return request.Lend(filled, &b.loans), func() { b.put(filled) }
}
