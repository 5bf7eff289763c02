package upstream_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/upstream"
)

// TestABufferThatIsStillReadServesNoOtherRequest has an upstream that answers before it
// has read the body: the buffer is dropped while the Transport still reads it.
func TestABufferThatIsStillReadServesNoOtherRequest(t *testing.T) {
	t.Parallel()
	const size = 100 << 10
	letters := func(letter byte) func([]byte) []byte {
		return func(room []byte) []byte { return append(room, bytes.Repeat([]byte{letter}, size)...) }
	}
	for range 20 { // a pool under the race detector forgets some
		first, put := upstream.BufferFor(size, letters('a'))
		half := make([]byte, size/2)
		if _, err := io.ReadFull(first, half); err != nil {
			t.Fatal(err)
		}
		put()
		second, putSecond := upstream.BufferFor(size, letters('b'))
		rest, err := io.ReadAll(first)
		if err != nil || len(rest) != size-size/2 || bytes.ContainsRune(rest, 'b') {
			t.Fatalf("%d bytes of the first body are left, the second's among them: %v, %v", len(rest),
				bytes.ContainsRune(rest, 'b'), err)
		}
		_, _ = first.Close(), second.Close()
		putSecond()
	}
}

// TestAReadBodyLeavesItsBufferToTheNext shows that buffers are used again at all.
func TestAReadBodyLeavesItsBufferToTheNext(t *testing.T) {
	const size = 100 << 10
	allocated := testing.AllocsPerRun(100, func() {
		body, put := upstream.BufferFor(size, func(room []byte) []byte { return room[:size] })
		_ = body.Close()
		put()
	})
	if allocated > 3 {
		t.Errorf("%v allocations a body", allocated)
	}
}
