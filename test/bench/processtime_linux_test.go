package bench_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// processTime returns the processor time of a process, in nanoseconds and not in the ticks of
// 10 ms that /proc/PID/stat has: by the process's own clock, clock_getcpuclockid(3).
func processTime(_ context.Context, pid int) (time.Duration, error) {
	const perProcessScheduler = 2 // CPUCLOCK_SCHED of linux/posix-timers_types.h
	var t unix.Timespec
	err := unix.ClockGettime(int32(^pid<<3|perProcessScheduler), &t)
	return time.Duration(t.Nano()), err
}

// fileMemory returns how many bytes of a process's resident memory are pages of files, which the kernel shares
// and takes back when it needs memory; 0 when that cannot be read.
func fileMemory(pid int) (bytes int64) {
	status, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	for line := range strings.Lines(string(status)) {
		if n, _ := fmt.Sscanf(line, "RssFile: %d kB", &bytes); n == 1 {
			return bytes << 10
		}
	}
	return 0
}
