// Package memory limits the bytes of requests and unstreamed replies that the router
// holds. A Budget is shared by all requests; each request takes its bytes through a Loan,
// which reads bodies within the budget.
//
// It never waits for room: a request that does not fit fails with ErrExhausted.
package memory

import (
	"errors"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Budget counts the bytes that are held, against a limit. It is safe for concurrent use.
// The zero value allows no bytes: call SetLimit before use.
type Budget struct {
	limit int64
	held  atomic.Int64

	swollen atomic.Bool // more than muchHeld was held since memory was last returned
	mu      sync.Mutex
	timer   *time.Timer
	pending sync.WaitGroup
}

// After more than muchHeld bytes were held, free memory is returned to the system
// once fewer than littleHeld are held.
const (
	muchHeld   = 64 << 20
	littleHeld = 8 << 20
)

// returnDelay is how long fewer than littleHeld bytes must be held before memory
// is returned: the next large request would only ask for it again.
const returnDelay = time.Second

// ErrExhausted means that the budget has no room for more bytes at the moment.
var ErrExhausted = errors.New("too many bytes are held")

// SetLimit sets how many bytes may be held. It must not be called after the first use.
func (b *Budget) SetLimit(limit int64) { b.limit = limit }

// Held returns how many bytes are held now.
func (b *Budget) Held() int64 { return b.held.Load() }

// take counts n more bytes, and reports whether they fit. Bytes that do not fit are not
// counted.
func (b *Budget) take(n int64) bool {
	held := b.held.Add(n)
	if held > b.limit {
		b.giveBack(n)
		return false
	}
	if held > muchHeld && !b.swollen.Load() {
		b.swollen.Store(true)
	}
	return true
}

// giveBack stops counting n bytes that take counted.
func (b *Budget) giveBack(n int64) {
	if b.held.Add(-n) < littleHeld && b.swollen.Load() && b.swollen.CompareAndSwap(true, false) {
		b.returnMemoryLater()
	}
}

// returnMemoryLater returns free memory to the system after returnDelay, unless
// many bytes are held again by then. Close waits for it.
func (b *Budget) returnMemoryLater() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopTimer()
	b.pending.Add(1)
	b.timer = time.AfterFunc(returnDelay, func() {
		defer b.pending.Done()
		if b.held.Load() < littleHeld {
			debug.FreeOSMemory()
		}
	})
}

// stopTimer stops the timer if it has not fired. The caller holds mu.
func (b *Budget) stopTimer() {
	if b.timer != nil && b.timer.Stop() {
		b.pending.Done()
	}
	b.timer = nil
}

// Close stops the timer, or waits for its function when it has fired.
func (b *Budget) Close() {
	b.mu.Lock()
	b.stopTimer()
	b.mu.Unlock()
	b.pending.Wait()
}
