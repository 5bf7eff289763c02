package routertest

import (
	"sync"
	"time"
)

// Clock is a clock that a test moves.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time that it is.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance lets d pass.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// NewClock makes a clock that stands still until a test moves it.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

// Alternate returns a random source that picks the first and the second of two in turn.
func Alternate() func() float64 {
	var mu sync.Mutex
	second := true
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		second = !second
		return map[bool]float64{false: 0, true: 0.75}[second]
	}
}
