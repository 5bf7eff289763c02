package boottime

import (
	"time"

	"golang.org/x/sys/unix"
)

// readID returns the ID of the present boot; "" where the kernel does not say.
func readID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid") // boottime moves when the clock is set
	if err != nil {
		return ""
	}
	return id
}

// Uptime returns how long this machine has been up, sleep included.
func Uptime() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail with this clock
	return time.Duration(ts.Nano())
}
