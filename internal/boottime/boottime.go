// Package boottime measures time since the last boot: setting the clock does not
// change it. Now returns a Moment, which can be stored and compared later.
package boottime

import (
	"sync/atomic"
	"time"
)

// Moment is a point in time counted from boot: it does not change when the clock is
// set.
type Moment struct {
	BootID   string `json:"boot_id"`
	UptimeMS int64  `json:"uptime_ms"`
}

// Now returns the present moment. Its BootID is empty where the kernel does not say.
func Now() Moment { return Moment{ID(), Uptime().Milliseconds()} }

// Age returns how long ago m was; the largest Duration when m belongs to an earlier
// boot.
func (m Moment) Age() time.Duration {
	if m.BootID != ID() {
		return 1<<63 - 1
	}
	return Uptime() - time.Duration(m.UptimeMS)*time.Millisecond
}

// cachedID holds the ID of the present boot once it was read: a later read could fail
// when no descriptor is left.
var cachedID atomic.Pointer[string]

// ID identifies the present boot; "" where the kernel does not say.
func ID() string {
	if known := cachedID.Load(); known != nil {
		return *known
	}
	id := readID()
	if id != "" {
		cachedID.Store(&id)
	}
	return id
}
