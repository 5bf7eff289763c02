// Package tally has what several routers count together: two numbers in a window of time, such as the
// requests and tokens of a minute. A Tally is one router's view of them: Add counts here, Take hands over
// what other routers do not know, and Merge takes their sum.
//
// It does no input or output, and never reads the clock. A Tally is not safe for concurrent use: whoever
// has it has the lock.
package tally

import (
	"sync/atomic"
	"time"
)

// Sums are two numbers that only grow within a window.
type Sums [2]float64

// Part is what one router tells of a window.
type Part struct {
	Window int64         // a later window has a larger number; 0: the current one, whichever that is
	Left   time.Duration // of the window
	Known  Sums          // of all routers, as far as this one knows, without Added
	Added  Sums          // here, since the last part
}

// Total is the sums of all routers in a window.
type Total struct {
	Window int64
	Left   time.Duration
	Sums   Sums
}

// Tally is a router's view of the current window.
type Tally struct {
	Window int64 // 0: no other router has told of it
	Sums   Sums  // of all routers, as far as this one knows
	added  Sums  // what is in Sums and was not taken
}

// Add counts something, and reports whether there was nothing to take before.
func (t *Tally) Add(a, b float64) (isFirst bool) {
	isFirst = t.added == Sums{}
	for i, n := range [...]float64{a, b} {
		t.Sums[i] += n
		t.added[i] += n
	}
	return isFirst
}

// Start begins a window.
func (t *Tally) Start(window int64) { *t = Tally{Window: window} }

// Take returns what other routers do not know, and counts it as known. ok is false when there is
// nothing; with all, also what they should know is something.
func (t *Tally) Take(left time.Duration, all bool) (p Part, ok bool) {
	if t.added == (Sums{}) && (!all || t.Sums == Sums{}) {
		return p, false
	}
	p = Part{Window: t.Window, Left: left, Added: t.added}
	for i := range t.Sums {
		p.Known[i] = t.Sums[i] - t.added[i]
	}
	t.added = Sums{}
	return p, true
}

// GiveBack takes back a part that no other router got.
func (t *Tally) GiveBack(p Part) {
	if p.Window != t.Window {
		return // its window is over
	}
	for i := range t.added {
		t.added[i] += p.Added[i]
	}
}

// Merge takes the sums of all routers. isNew says that they are of another window than the one that t
// knew, which has begun for all others; what was counted here and not taken counts for it.
func (t *Tally) Merge(total Total) (isNew bool) {
	if total.Window < t.Window {
		return false
	}
	if isNew = total.Window != t.Window; isNew {
		if t.Window != 0 {
			t.Sums = t.added
		}
		t.Window = total.Window
	}
	for i := range t.Sums {
		t.Sums[i] = max(t.Sums[i], total.Sums[i]+t.added[i])
	}
	return isNew
}

// Clock is how much the clock of Redis is ahead of that of this machine. A nil Clock is not ahead. It is
// safe for concurrent use.
type Clock struct{ ahead atomic.Int64 }

// Set sets how much the clock of Redis is ahead.
func (c *Clock) Set(ahead time.Duration) { c.ahead.Store(int64(ahead)) }

// At returns the time in Redis when it is now here.
func (c *Clock) At(now time.Time) time.Time {
	if c == nil {
		return now
	}
	return now.Add(time.Duration(c.ahead.Load()))
}
