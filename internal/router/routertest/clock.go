package routertest

import (
	"sync"
	"time"
)

// Clock is a clock that stands still until a test moves it.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// NewClock returns a clock that shows a fixed time in 2026.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

// Alternate returns a random source by which the first and the second of two deployments
// are picked in turn.
func Alternate() func() float64 {
	var mu sync.Mutex
	isSecond := true
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		isSecond = !isSecond
		return map[bool]float64{false: 0, true: 0.75}[isSecond]
	}
}
