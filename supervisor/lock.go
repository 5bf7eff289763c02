package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lockPath is the file whose lock makes a process the supervisor of a runtime folder.
func lockPath(runtimeDir string) string { return filepath.Join(runtimeDir, "supervisor.lock") }

// startLockPath is the file whose lock lets one command at a time start a supervisor.
func startLockPath(runtimeDir string) string { return filepath.Join(runtimeDir, "start.lock") }

// takeLock takes the lock of a file, which the kernel gives back when the
// process ends however it does. After wait it gives up with
// context.DeadlineExceeded.
func takeLock(ctx context.Context, path string, wait time.Duration) (*os.File, error) {
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
