package router

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// watch ends what takes too long. All requests share one timer: a timer for
// each would be set and stopped thousands of times a second for nothing.
type watch struct {
	mu     sync.Mutex
	guards map[*guard]struct{}
	timer  *time.Timer
	next   time.Duration // when the timer fires, since epoch; 0: it does not
}

// epoch is what guards count from, so that a deadline fits an atomic integer.
var epoch = time.Now()

// guard is one thing that must make progress within its limit.
type guard struct {
	watch    *watch
	limit    time.Duration
	end      time.Duration // since epoch; no progress helps beyond it; 0: there is no such end
	expire   func()
	begun    time.Duration // since epoch
	deadline atomic.Int64  // since epoch; 0 while nothing is waited for
	late     atomic.Bool   // the time ran out
	context  attemptContext
}

// guard begins to watch. expire is called once when limit passes without
// progress; it must not block, nor start or stop a guard.
func (w *watch) guard(limit time.Duration, expire func()) *guard {
	g := &guard{}
	g.start(w, limit, expire)
	return g
}

// start begins to watch with a guard that is not watched, as watch.guard does.
func (g *guard) start(w *watch, limit time.Duration, expire func()) {
	g.watch, g.limit, g.expire, g.end = w, limit, expire, 0
	g.begun = time.Since(epoch)
	g.late.Store(false)
	end := g.begun + limit
	g.deadline.Store(int64(end))
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.guards == nil {
		w.guards = map[*guard]struct{}{}
		w.timer = time.AfterFunc(limit, w.sweep)
	}
	w.guards[g] = struct{}{}
	w.wakeAt(end, limit)
}

// wakeAt has the timer fire at end, which is in so long, if not before. The
// caller holds mu.
func (w *watch) wakeAt(end, in time.Duration) {
	if w.next == 0 || end < w.next {
		w.next = end
		w.timer.Reset(in)
	}
}

// endAfter ends the guard's time so long after it began, whatever progress
// there is until then. It never moves an end that is earlier.
func (g *guard) endAfter(limit time.Duration) {
	if g.end > 0 && g.end <= g.begun+limit {
		return
	}
	g.end = g.begun + limit
	if int64(g.end) >= g.deadline.Load() {
		return
	}
	g.deadline.Store(int64(g.end))
	g.watch.mu.Lock()
	defer g.watch.mu.Unlock()
	g.watch.wakeAt(g.end, limit)
}

// endless takes the end back that endAfter set.
func (g *guard) endless() { g.end = 0 }

// progress gives the whole limit again, up to the end.
func (g *guard) progress() { g.progressAt(time.Since(epoch)) }

func (g *guard) progressAt(now time.Duration) {
	deadline := now + g.limit
	if g.end > 0 && g.end < deadline {
		deadline = g.end
	}
	g.deadline.Store(int64(deadline))
}

// pause stops the clock until the next progress.
func (g *guard) pause() { g.deadline.Store(0) }

// stop ends the watch. When it returns, expire is not running and will not be called.
func (g *guard) stop() {
	if g.watch == nil {
		return
	}
	g.watch.mu.Lock()
	delete(g.watch.guards, g)
	g.watch.mu.Unlock()
}

func (g *guard) elapsed() time.Duration { return time.Since(epoch) - g.begun }

// exceeded is the limit that was exceeded: that of one silence, or that of all the time.
func (g *guard) exceeded() time.Duration {
	if g.end > 0 && time.Since(epoch) >= g.end {
		return g.end - g.begun
	}
	return g.limit
}

// sweep ends what is late and sets the timer for what will be late next. It
// holds mu meanwhile, so that stop waits for it: what expire ends may serve
// another request as soon as the guard is stopped.
func (w *watch) sweep() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Since(epoch)
	w.next = 0
	for g := range w.guards {
		end := time.Duration(g.deadline.Load())
		if end == 0 {
			end = now + g.limit // paused: it cannot be late before
		}
		if end <= now {
			delete(w.guards, g)
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

// attemptGuard bounds an attempt: its context ends after so long a silence, when
// no content came until that end, or when release is called.
func (c *call) attemptGuard(silence, content time.Duration) (ctx context.Context, g *guard, release func()) {
	ctx, cancel := context.WithCancel(c.req.Context())
	g = c.r.watch.guard(silence, cancel)
	g.endAfter(content)
	g.context = attemptContext{ctx, c.trace()}
	return &g.context, g, func() {
		g.stop()
		cancel()
	}
}
