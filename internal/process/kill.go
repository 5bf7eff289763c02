package process

import (
	"errors"
	"fmt"
	"syscall"
)

// checkThenKill is for kernels without a handle on a process: the identity is
// compared right before the signal. target is the pid, or minus it for its group.
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
