package router

import (
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// memory bounds the bytes of requests and unstreamed replies that the router
// holds over all requests. Taking and giving are one atomic addition each.
type memory struct {
	limit int64
	held  atomic.Int64

	swollen atomic.Bool // much was held; it is given back to the system afterwards
	mu      sync.Mutex
	timer   *time.Timer
	pending sync.WaitGroup
}

// Much held memory, in bytes, is given back to the system once little is held.
const (
	muchHeld   = 64 << 20
	littleHeld = 8 << 20
)

// giveBackAfter is how long little must be held before memory is given back:
// the next large request would only ask for it again.
const giveBackAfter = time.Second

// errCrowded means that the router holds as many bytes as it may.
var errCrowded = errors.New("too many bytes are held")

// take reports whether n more bytes may be held; if so, they are.
func (m *memory) take(n int64) bool {
	held := m.held.Add(n)
	if held > m.limit {
		m.give(n)
		return false
	}
	if held > muchHeld && !m.swollen.Load() {
		m.swollen.Store(true)
	}
	return true
}

// give undoes a take.
func (m *memory) give(n int64) {
	if m.held.Add(-n) < littleHeld && m.swollen.Load() && m.swollen.CompareAndSwap(true, false) {
		m.giveBackLater()
	}
}

// giveBackLater returns free memory to the system in a while, unless much is
// held again by then. close waits for it.
func (m *memory) giveBackLater() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stop()
	m.pending.Add(1)
	m.timer = time.AfterFunc(giveBackAfter, func() {
		defer m.pending.Done()
		if m.held.Load() < littleHeld {
			debug.FreeOSMemory()
		}
	})
}

// stop ends the timer if it has not fired. The caller holds the lock.
func (m *memory) stop() {
	if m.timer != nil && m.timer.Stop() {
		m.pending.Done()
	}
	m.timer = nil
}

func (m *memory) close() {
	m.mu.Lock()
	m.stop()
	m.mu.Unlock()
	m.pending.Wait()
}

// holdBytes counts n more bytes to the call, until its end.
func (c *call) holdBytes(n int64) error {
	if n <= 0 {
		return nil
	}
	if !c.r.memory.take(n) {
		return errCrowded
	}
	c.held += n
	return nil
}

// crowded is the failure for a request whose bytes do not fit at the moment.
func crowded() *failure {
	return &failure{status: http.StatusServiceUnavailable, kind: "server_error", harmless: true, retryAfter: time.Second,
		text: "The router holds as many bytes of requests and replies as it may: try again in a second, or send fewer large requests at once"}
}

// firstBuffer is the most that is allocated for bytes that were only announced.
const firstBuffer = 256 << 10

// readAll appends all of r to buf, at most limit+1 bytes. size is how much to
// expect, -1 if unknown; memory follows what really comes. errCrowded: all
// requests together hold too much.
func (c *call) readAll(buf []byte, r io.Reader, size, limit int64) ([]byte, error) {
	if want := int(min(size, firstBuffer)); want > cap(buf) {
		buf = append(make([]byte, 0, want), buf...)
	}
	if err := c.holdBytes(min(max(size, int64(len(buf))), int64(cap(buf)))); err != nil {
		return buf, err
	}
	for int64(len(buf)) <= limit {
		if len(buf) == cap(buf) {
			if size == int64(len(buf)) {
				var one [1]byte
				n, err := r.Read(one[:])
				if n == 0 && err == io.EOF {
					return buf, nil
				}
				buf, size = append(buf, one[:n]...), -1
				continue
			}
			var err error
			if buf, err = c.grow(buf, size, limit); err != nil {
				return buf, err
			}
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
	return buf, nil
}

// grow doubles the capacity of buf, but to no more than what is expected.
func (c *call) grow(buf []byte, size, limit int64) ([]byte, error) {
	want := min(max(2*int64(cap(buf)), firstPiece), limit+1)
	if size > int64(len(buf)) {
		want = min(want, size)
	}
	want = max(want, int64(len(buf))+1)
	if err := c.holdBytes(want - int64(cap(buf))); err != nil {
		return buf, err
	}
	grown := make([]byte, len(buf), want)
	copy(grown, buf)
	return grown, nil
}
