package boottime

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// readID returns the ID of the present boot; "" where the kernel does not say.
func readID() string {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(boot))
}

// Uptime returns how long this machine has been up, sleep included.
func Uptime() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) // cannot fail with this clock
	return time.Duration(ts.Nano())
}
