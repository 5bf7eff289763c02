package process

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// signalProcessGroup is PIDFD_SIGNAL_PROCESS_GROUP (pidfd_send_signal(2), Linux 6.9).
const signalProcessGroup = 1 << 2

// open returns a pidfd of exactly the process that id names: the identity is
// compared after the open, so a pid reused before it is noticed and one reused
// after it no longer matters.
func open(id Identity, flags int) (int, error) {
	fd, err := unix.PidfdOpen(id.PID, flags)
	if errors.Is(err, unix.ESRCH) {
		return -1, ErrGone
	}
	if err != nil {
		return -1, err
	}
	past, err := id.past()
	if past {
		err = ErrGone
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func signal(id Identity, sig syscall.Signal) error {
	fd, err := open(id, 0)
	if errors.Is(err, unix.ENOSYS) { // before Linux 5.3
		return checkThenKill(id, id.PID, sig)
	}
	if err != nil {
		return wrapSignal(id, sig, err)
	}
	defer unix.Close(fd)
	return wrapSignal(id, sig, unix.PidfdSendSignal(fd, sig, nil, 0))
}

func signalGroup(id Identity, sig syscall.Signal) error {
	fd, err := open(id, 0)
	if errors.Is(err, unix.ENOSYS) {
		return checkThenKill(id, -id.PID, sig)
	}
	if err != nil {
		return wrapSignal(id, sig, err)
	}
	defer unix.Close(fd)
	return signalGroupBy(fd, id, sig)
}

func signalGroupBy(fd int, id Identity, sig syscall.Signal) error {
	err := unix.PidfdSendSignal(fd, sig, nil, signalProcessGroup)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.9
		return checkThenKill(id, -id.PID, sig)
	}
	return wrapSignal(id, sig, err)
}

func wrapSignal(id Identity, sig syscall.Signal, err error) error {
	if errors.Is(err, unix.ESRCH) {
		err = ErrGone
	}
	if err != nil {
		return fmt.Errorf("send %v to process %d: %w", sig, id.PID, err)
	}
	return nil
}
