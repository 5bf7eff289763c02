// Package flock locks files among processes. Take is the whole of it: the
// kernel gives the lock back when the holder ends, however it does.
package flock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Take takes the lock of a file, which is made when it is missing (0600), and
// waits for it at most so long; 0 tries once. It gives up with
// context.DeadlineExceeded. Close gives the lock back.
func Take(ctx context.Context, path string, wait time.Duration) (io.Closer, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600) // a link would make a file elsewhere
	if err != nil {
		return nil, err
	}
	end := time.NewTimer(wait)
	defer end.Stop()
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
		}
		if wait == 0 {
			return nil, errors.Join(context.DeadlineExceeded, file.Close())
		}
		select { // flock has no wait with an end, so ask again
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-end.C:
			return nil, errors.Join(context.DeadlineExceeded, file.Close())
		case <-time.After(5 * time.Millisecond):
		}
	}
}
