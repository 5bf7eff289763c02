// Package watchdog ends operations that take too long. A Watchdog has one timer for all its
// Guards; a Guard limits the time of one operation, which reports its progress. Call
// Watchdog.Guard first.
//
// It never blocks an operation that reports progress: that is one atomic store.
package watchdog

import (
	"sync"
	"sync/atomic"
	"time"
)

// Watchdog calls the expire function of each Guard that makes no progress within
// its limit. All requests share its one timer, because a timer for each would be
// set and stopped thousands of times a second for nothing. The zero value works.
type Watchdog struct {
	mu     sync.Mutex
	guards []*Guard // that are running, in no order
	timer  *time.Timer
	next   time.Duration // when the timer fires, since epoch; 0: it is not set
}

// epoch is the time from which guards count, so that a deadline fits into an atomic integer.
var epoch = time.Now()

// Guard is one operation that must make progress within its limit.
type Guard struct {
	watchdog *Watchdog
	place    int // in the watchdog's guards, plus 1; 0: the guard is not running
	limit    time.Duration
	end      time.Duration // since epoch; progress does not extend the deadline beyond it; 0: none
	expire   func()
	begun    time.Duration // since epoch
	deadline atomic.Int64  // nanoseconds since epoch; 0 while the guard is paused
	late     atomic.Bool   // the guard has expired
}

// Guard starts a guard. expire is called at most once, when limit has passed without
// progress. It must not block, and must not start or stop a guard.
func (w *Watchdog) Guard(limit time.Duration, expire func()) *Guard {
	g := &Guard{}
	g.Start(w, limit, expire)
	return g
}

// Start starts a guard that is not running, as Watchdog.Guard does.
func (g *Guard) Start(w *Watchdog, limit time.Duration, expire func()) {
	g.watchdog, g.limit, g.expire, g.end = w, limit, expire, 0
	g.begun = time.Since(epoch)
	g.late.Store(false)
	end := g.begun + limit
	g.deadline.Store(int64(end))
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer == nil {
		w.timer = time.AfterFunc(limit, w.sweep)
	}
	if g.place == 0 {
		w.guards = append(w.guards, g)
		g.place = len(w.guards)
	}
	w.wakeAt(end)
}

// wakeAt sets the timer to fire at end, unless it fires earlier. The caller holds mu.
func (w *Watchdog) wakeAt(end time.Duration) {
	if w.next == 0 || end < w.next {
		w.next = end
		w.timer.Reset(end - time.Since(epoch))
	}
}

// EndAfter sets an end of the guard, limit after its start, which progress does not extend. An
// earlier end stays.
func (g *Guard) EndAfter(limit time.Duration) {
	if g.end > 0 && g.end <= g.begun+limit {
		return
	}
	g.end = g.begun + limit
	if int64(g.end) >= g.deadline.Load() {
		return
	}
	g.deadline.Store(int64(g.end))
	g.watchdog.mu.Lock()
	defer g.watchdog.mu.Unlock()
	g.watchdog.wakeAt(g.end)
}

// ClearEnd removes the end that EndAfter set.
func (g *Guard) ClearEnd() { g.end = 0 }

// Progress restarts the limit, but does not exceed the end that EndAfter set.
func (g *Guard) Progress() {
	deadline := time.Since(epoch) + g.limit
	if g.end > 0 && g.end < deadline {
		deadline = g.end
	}
	g.deadline.Store(int64(deadline))
}

// Pause stops the clock until the next Progress.
func (g *Guard) Pause() { g.deadline.Store(0) }

// Stop ends the guard. When it returns, expire is not running and will not be
// called. A guard that was never started may be stopped.
func (g *Guard) Stop() {
	if g.watchdog == nil {
		return
	}
	g.watchdog.mu.Lock()
	g.watchdog.remove(g)
	g.watchdog.mu.Unlock()
}

// remove removes a guard, if it is running: the last one takes its place. The caller holds mu.
func (w *Watchdog) remove(g *Guard) {
	if g.place == 0 {
		return
	}
	n := len(w.guards) - 1
	last := w.guards[n]
	w.guards[g.place-1], last.place = last, g.place
	w.guards[n] = nil
	w.guards, g.place = w.guards[:n], 0
}

// Elapsed returns the time since the start.
func (g *Guard) Elapsed() time.Duration { return time.Since(epoch) - g.begun }

// IsLate reports whether the guard has expired.
func (g *Guard) IsLate() bool { return g.late.Load() }

// Limit returns the time within which progress must be made.
func (g *Guard) Limit() time.Duration { return g.limit }

// ExceededLimit returns the limit that an expired guard exceeded: that of EndAfter when its
// end has passed, else the limit of a time without progress.
func (g *Guard) ExceededLimit() time.Duration {
	if g.end > 0 && time.Since(epoch) >= g.end {
		return g.end - g.begun
	}
	return g.limit
}

// sweep calls expire for the guards that are late, and sets the timer for the next one. It
// holds mu meanwhile, so that Stop waits for it: after Stop, another request may use what
// expire would end.
func (w *Watchdog) sweep() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Since(epoch)
	w.next = 0
	for i := len(w.guards) - 1; i >= 0; i-- { // one that is removed is replaced by one that was looked at
		g := w.guards[i]
		end := time.Duration(g.deadline.Load())
		if end == 0 {
			end = now + g.limit // paused: it cannot be late before this
		}
		if end <= now {
			w.remove(g)
			g.late.Store(true)
			g.expire()
			continue
		}
		if w.next == 0 || end < w.next {
			w.next = end
		}
	}
	if w.next != 0 {
		w.timer.Reset(w.next - now)
	}
}
