package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/flock"
)

// LockPath is the file whose lock makes a process the supervisor of a runtime folder.
func LockPath(runtimeDir string) string { return filepath.Join(runtimeDir, "supervisor.lock") }

// StartLockPath is the file whose lock lets one command at a time start a supervisor.
func StartLockPath(runtimeDir string) string { return filepath.Join(runtimeDir, "start.lock") }

// AcquireLock takes the lock of a file, which the kernel gives back when the
// process ends however it does. After wait it gives up with
// context.DeadlineExceeded.
func AcquireLock(ctx context.Context, path string, wait time.Duration) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600) // a link would make a file elsewhere
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			_ = file.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		// flock has no wait with an end, so ask again.
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// LockHolder reports whether a process holds the lock of a file, and which one;
// pid is 0 when that is not known.
func LockHolder(path string) (pid int, held bool) {
	file, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer file.Close()
	if err := unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		return 0, false // the lock goes back with the file
	}
	return flock.HolderPID(file), true
}

// LockTimeout is how long a new supervisor waits for one that is ending: longer
// than any stop takes.
const LockTimeout = 45 * time.Second

func ChangeLockPath(runtimeDir string) string { return filepath.Join(runtimeDir, "profile.lock") }
