package process

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// AwaitExit blocks until a child of the caller has ended, and leaves it to be
// waited for: until then its pid and its group's number stay its own, so that
// KillGroup can end what it left behind.
func AwaitExit(child int) error {
	for {
		err := unix.Waitid(unix.P_PID, child, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("await the end of process %d: %w", child, err)
		}
		return nil
	}
}
