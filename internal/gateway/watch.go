package gateway

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
	expire   func()
	begun    time.Duration // since epoch
	deadline atomic.Int64  // since epoch; 0 while nothing is waited for
	late     atomic.Bool   // the time ran out
	context  attemptContext
}

// guard begins to watch; expire is called once, from another goroutine, when
// limit passes without progress.
func (w *watch) guard(limit time.Duration, expire func()) *guard {
	g := &guard{watch: w, limit: limit, expire: expire, begun: time.Since(epoch)}
	end := g.begun + limit
	g.deadline.Store(int64(end))
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.guards == nil {
		w.guards = map[*guard]struct{}{}
		w.timer = time.AfterFunc(limit, w.sweep)
	}
	w.guards[g] = struct{}{}
	if w.next == 0 || end < w.next {
		w.next = end
		w.timer.Reset(limit)
	}
	return g
}

// progress gives the whole limit again.
func (g *guard) progress() { g.deadline.Store(int64(time.Since(epoch) + g.limit)) }

// pause stops the clock until the next progress.
func (g *guard) pause() { g.deadline.Store(0) }

// stop ends the watch. expire may be running, and is not waited for.
func (g *guard) stop() {
	g.watch.mu.Lock()
	delete(g.watch.guards, g)
	g.watch.mu.Unlock()
}

func (g *guard) elapsed() time.Duration { return time.Since(epoch) - g.begun }

// sweep ends what is late and sets the timer for what will be late next.
func (w *watch) sweep() {
	w.mu.Lock()
	now := time.Since(epoch)
	var late []*guard
	w.next = 0
	for g := range w.guards {
		end := time.Duration(g.deadline.Load())
		if end == 0 {
			end = now + g.limit // paused: it cannot be late before
		}
		if end <= now {
			delete(w.guards, g)
			late = append(late, g)
			continue
		}
		if w.next == 0 || end < w.next {
			w.next = end
		}
	}
	if w.next != 0 {
		w.timer.Reset(w.next - now)
	}
	w.mu.Unlock()
	for _, g := range late {
		g.late.Store(true)
		g.expire()
	}
}

// attemptGuard bounds an attempt: its context ends when it is late, or when release is called.
func (c *call) attemptGuard(limit time.Duration) (ctx context.Context, g *guard, release func()) {
	ctx, cancel := context.WithCancel(c.req.Context())
	g = c.r.watch.guard(limit, cancel)
	g.context = attemptContext{ctx, c.trace()}
	return &g.context, g, func() {
		g.stop()
		cancel()
	}
}
