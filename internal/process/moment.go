package process

import (
	"sync/atomic"
	"time"
)

// Moment is a point in the life of this machine, which no set of the clock
// moves: how long it had been up, in which boot.
type Moment struct {
	BootID   string `json:"boot_id"`
	UptimeMS int64  `json:"uptime_ms"`
}

// Now is the present moment; its BootID is empty where that cannot be read.
func Now() Moment { return Moment{bootID(), Uptime().Milliseconds()} }

// Age is how long ago m was; for ever when that was before the last boot.
func (m Moment) Age() time.Duration {
	if m.BootID != bootID() {
		return 1<<63 - 1
	}
	return Uptime() - time.Duration(m.UptimeMS)*time.Millisecond
}

// booted is the present boot, once it could be read: it may be asked first when
// no descriptor is left.
var booted atomic.Pointer[string]

// bootID names the present boot; "" where the kernel does not say.
func bootID() string {
	if known := booted.Load(); known != nil {
		return *known
	}
	id := readBootID()
	if id != "" {
		booted.Store(&id)
	}
	return id
}
