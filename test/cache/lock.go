package cache

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// lookAgain is how often a taken lock is tried: flock has no deadline of its own.
const lookAgain = 50 * time.Millisecond

// lock takes an exclusive lock on a file, waiting until ctx ends. The lock goes
// with its process, however that ends; the file stays.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unwritable(path, err)
	}
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // closing gives the lock back
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = f.Close()
			return nil, unwritable(path, err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			_ = f.Close()
			return nil, fault.New("cache-busy", "wait for another process that fills %s: %w", path, context.Cause(ctx)).
				WithHint("let it finish and try again")
		}
	}
}
