package tasks

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readerCheckInterval is the time between two checks whether stdout is still read.
const readerCheckInterval = 200 * time.Millisecond

// cancelWhenReaderLeaves returns a context that ends when stdout is a pipe or socket that is
// no longer read, so that a stream without new lines ends with its reader (| head -1). Call
// stop when the stream has ended.
func cancelWhenReaderLeaves(ctx context.Context, stdout *os.File) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancel(ctx)
	info, err := stdout.Stat()
	if err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return watched, cancel
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(readerCheckInterval)
		defer ticker.Stop()
		for !hasReaderLeft(int(stdout.Fd())) {
			select {
			case <-watched.Done():
				return
			case <-ticker.C:
			}
		}
		cancel()
	}()
	return watched, func() { cancel(); <-done }
}

// hasReaderLeft reports whether the other end of a pipe or socket was closed.
func hasReaderLeft(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
}
