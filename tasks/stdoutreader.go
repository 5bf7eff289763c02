package tasks

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readerCheckEvery is the time between two looks whether stdout is still read.
const readerCheckEvery = 200 * time.Millisecond

// untilReaderLeaves returns a context that ends when stdout is a pipe that is no longer
// read, so that a stream without news ends with its reader (| head -1). Call
// stop when the stream has ended.
func untilReaderLeaves(ctx context.Context, stdout *os.File) (read context.Context, stop func()) {
	read, cancel := context.WithCancel(ctx)
	info, err := stdout.Stat()
	if err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return read, cancel
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(readerCheckEvery)
		defer ticker.Stop()
		for !hasReaderLeft(int(stdout.Fd())) {
			select {
			case <-read.Done():
				return
			case <-ticker.C:
			}
		}
		cancel()
	}()
	return read, func() { cancel(); <-done }
}

// hasReaderLeft reports whether the other end of a pipe or socket was closed.
func hasReaderLeft(fd int) bool {
	end := []unix.PollFd{{Fd: int32(fd)}}
	n, err := unix.Poll(end, 0)
	return err == nil && n > 0 && end[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
}
