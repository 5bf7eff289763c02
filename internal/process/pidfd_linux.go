package process

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// signalProcessGroup is PIDFD_SIGNAL_PROCESS_GROUP (pidfd_send_signal(2), Linux 6.9).
const signalProcessGroup = 1 << 2

// openPidfd returns a pidfd of exactly the process of id. It compares the identity
// after the open: a pid reused before is noticed, and one reused later does not matter.
func openPidfd(id Identity, flags int) (int, error) {
	fd, err := unix.PidfdOpen(id.PID, flags)
	if errors.Is(err, unix.ESRCH) {
		return -1, ErrGone
	}
	if err != nil {
		return -1, err
	}
	ended, err := id.hasEnded()
	if ended {
		err = ErrGone
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// signal does the work of Identity.Signal.
func signal(id Identity, sig syscall.Signal) error {
	fd, err := openPidfd(id, 0)
	if errors.Is(err, unix.ENOSYS) { // before Linux 5.3
		return checkThenKill(id, id.PID, sig)
	}
	if err != nil {
		return wrapSignalError(id, sig, err)
	}
	defer unix.Close(fd)
	return wrapSignalError(id, sig, unix.PidfdSendSignal(fd, sig, nil, 0))
}

// signalGroup does the work of Identity.SignalGroup.
func signalGroup(id Identity, sig syscall.Signal) error {
	fd, err := openPidfd(id, 0)
	if errors.Is(err, unix.ENOSYS) {
		return checkThenKill(id, -id.PID, sig)
	}
	if err != nil {
		return wrapSignalError(id, sig, err)
	}
	defer unix.Close(fd)
	return signalGroupByPidfd(fd, id, sig)
}

// signalGroupByPidfd sends a signal to the group of the process that a pidfd refers to.
func signalGroupByPidfd(fd int, id Identity, sig syscall.Signal) error {
	err := unix.PidfdSendSignal(fd, sig, nil, signalProcessGroup)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.9
		return checkThenKill(id, -id.PID, sig)
	}
	return wrapSignalError(id, sig, err)
}

// wrapSignalError returns the error of a signal that was not sent; nil when err is nil.
func wrapSignalError(id Identity, sig syscall.Signal, err error) error {
	if errors.Is(err, unix.ESRCH) {
		err = ErrGone
	}
	if err != nil {
		return fmt.Errorf("send %v to process %d: %w", sig, id.PID, err)
	}
	return nil
}
