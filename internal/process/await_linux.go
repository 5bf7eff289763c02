package process

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Await blocks until exactly this process has ended and leaves a child to be
// waited for: until then its pid and its group's number stay its own. It holds
// no thread: the kernel's handle on the process (pidfd_open(2)) waits in Go's
// poller. It returns the cause of ctx when that ends first.
func (id Identity) Await(ctx context.Context) error {
	fd, err := open(id, unix.O_NONBLOCK) // PIDFD_NONBLOCK, Linux 5.10
	switch {
	case errors.Is(err, ErrGone):
		return nil
	case err != nil: // an old kernel, or no descriptor left
		return id.look(ctx)
	}
	handle := os.NewFile(uintptr(fd), "pidfd")
	defer handle.Close()
	stop := context.AfterFunc(ctx, func() { _ = handle.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	raw, err := handle.SyscallConn()
	if err == nil {
		err = raw.Read(ended)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// ended reports whether the process behind a pidfd has: it is readable then.
func ended(fd uintptr) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return n > 0 || err != nil && !errors.Is(err, syscall.EINTR)
}

// look is Await without such a handle.
func (id Identity) look(ctx context.Context) error {
	for id.Alive() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}
