// Package flock locks files among processes: Take acquires the lock, Holder names the
// process that has it. The kernel releases a lock when its holder ends, however it ends.
package flock

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// UntilDone as the wait of Take waits until the context ends.
const UntilDone time.Duration = math.MaxInt64

// retryInterval is the time between two attempts: flock(2) has no wait with a limit.
const retryInterval = 5 * time.Millisecond

// Take acquires the exclusive lock of a file, which it makes when it does not exist
// (0600), and waits at most wait for it; 0 tries once. It returns
// context.DeadlineExceeded after that time, and ctx.Err() when ctx ends first. Closing
// the file releases the lock.
func Take(ctx context.Context, path string, wait time.Duration) (*os.File, error) {
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
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-end.C:
			return nil, errors.Join(context.DeadlineExceeded, file.Close())
		case <-time.After(retryInterval):
		}
	}
}

// Holder reports whether a process holds the lock of a file, and its pid; 0 when that is
// not known.
func Holder(path string) (pid int, held bool) {
	file, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer file.Close()
	if err := unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		return 0, false // closing the file releases the shared lock
	}
	return holderPID(file), true
}
