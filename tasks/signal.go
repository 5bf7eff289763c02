package tasks

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// briefly is longer than a command takes that only reads what is on this machine: 2 to 5 ms.
const briefly = 25 * time.Millisecond

// catchSignals returns a context that ends with a signal that asks the process to end. Signals
// are caught from when the time after is over. The returned function releases what this took.
func catchSignals(ctx context.Context, after time.Duration) (context.Context, func()) {
	if after == 0 {
		return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	}
	ctx, cancel := context.WithCancel(ctx)
	later := time.AfterFunc(after, func() {
		caught, stop := catchSignals(ctx, 0)
		defer stop()
		<-caught.Done()
		cancel()
	})
	return ctx, func() { later.Stop(); cancel() }
}

// surviveClosedPipe returns a file that writes where f, which is stdout or stderr, writes, and
// whose writes return EPIPE when the reader has left (| head -1). With f itself the Go runtime
// would end this process half-way then: it does so for the descriptors 1 and 2 only.
func surviveClosedPipe(f *os.File) *os.File {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil { // it is closed: writes fail in any case
		return f
	}
	return os.NewFile(uintptr(fd), f.Name())
}
