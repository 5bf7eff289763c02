// Package memory limits the bytes of requests and unstreamed replies that the router
// holds. A Budget is shared by all requests; each request takes its bytes through a Loan,
// which reads bodies within the budget. A Collector adapts the garbage collector.
//
// It never waits for room: a request that does not fit fails with ErrExhausted.
package memory

import (
	"errors"
	"runtime"
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
	isUsed  atomic.Bool // bytes were taken since idleTimer last fired

	mu        sync.Mutex
	timer     *time.Timer // returns memory after much was held
	idleTimer *time.Timer // returns memory when no bytes are taken any more; nil when that is done
	isClosed  bool
	pending   sync.WaitGroup

	observe func() // is called when memory is returned, for tests; may be nil
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

// idleDelay is how often the Budget looks whether bytes are still taken, while they are. When none were
// taken in that time, memory is returned: what a burst of requests has left is not collected
// otherwise, since nothing is allocated any more.
const idleDelay = 2 * time.Second

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
	if !b.isUsed.Load() {
		b.isUsed.Store(true)
		b.awaitIdleness()
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
// many bytes are held again by then. Close waits for it, and none begins after that.
func (b *Budget) returnMemoryLater() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopTimer()
	if b.isClosed {
		return
	}
	b.pending.Add(1)
	b.timer = time.AfterFunc(returnDelay, func() {
		defer b.pending.Done()
		if b.held.Load() < littleHeld {
			b.returnMemory()
		}
	})
}

// awaitIdleness begins to look every idleDelay whether bytes are still taken, unless the Budget does so
// already.
func (b *Budget) awaitIdleness() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.idleTimer == nil && !b.isClosed {
		b.pending.Add(1)
		b.idleTimer = time.AfterFunc(idleDelay, b.returnWhenIdle)
	}
}

// returnWhenIdle returns free memory to the system when no bytes were taken for idleDelay, and looks
// again later when some were, or when many are held.
func (b *Budget) returnWhenIdle() {
	defer b.pending.Done()
	b.mu.Lock()
	isBusy := b.isUsed.Swap(false) || b.held.Load() >= littleHeld
	b.idleTimer = nil
	b.mu.Unlock()
	if isBusy {
		b.awaitIdleness()
		return
	}
	runtime.GC() // a sync.Pool keeps its buffers over one collection
	b.returnMemory()
}

// returnMemory returns free memory to the system.
func (b *Budget) returnMemory() {
	debug.FreeOSMemory()
	if b.observe != nil {
		b.observe()
	}
}

// stopTimer stops the timer if it has not fired. The caller holds mu.
func (b *Budget) stopTimer() {
	if b.timer != nil && b.timer.Stop() {
		b.pending.Done()
	}
	b.timer = nil
}

// Close stops the timers, or waits for their functions when they have fired.
func (b *Budget) Close() {
	b.mu.Lock()
	b.stopTimer()
	b.isClosed = true
	if b.idleTimer != nil && b.idleTimer.Stop() {
		b.pending.Done()
	}
	b.idleTimer = nil
	b.mu.Unlock()
	b.pending.Wait()
}
