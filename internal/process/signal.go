package process

import (
	"errors"
	"fmt"
	"syscall"
)

// checkThenKill compares the identity and sends the signal right after, on kernels
// without pidfd. target is the pid, or its negative for the group.
func checkThenKill(id Identity, target int, sig syscall.Signal) error {
	err := ErrGone
	if id.Alive() {
		err = syscall.Kill(target, sig)
	}
	if errors.Is(err, syscall.ESRCH) {
		err = ErrGone
	}
	if err != nil {
		return fmt.Errorf("send %v to process %d: %w", sig, id.PID, err)
	}
	return nil
}
