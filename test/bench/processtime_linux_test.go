package bench_test

import (
	"context"
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
