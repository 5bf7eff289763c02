package process

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Handle refers to exactly one process: on Linux by a pidfd (pidfd_open(2)), on macOS
// by its identity, which is compared before each use.
type Handle struct {
	id    Identity
	ended bool     // it had ended before Hold
	file  *os.File // nil on an old kernel, or when no descriptor was left
}

// Hold opens a Handle on a process. A process that has ended has a Handle too.
func Hold(id Identity) *Handle {
	fd, err := openPidfd(id, unix.O_NONBLOCK) // PIDFD_NONBLOCK, Linux 5.10
	h := &Handle{id: id, ended: errors.Is(err, ErrGone)}
	if err == nil {
		h.file = os.NewFile(uintptr(fd), "pidfd")
	}
	return h
}

// HoldChild opens a Handle on an unreaped child, whose pid cannot have been reused. For
// a child that already ended, only Identity.PID is set.
func HoldChild(pid int) (*Handle, Identity) {
	id, err := Identify(pid)
	for err != nil && !errors.Is(err, ErrGone) { // no descriptor is left, which does not mean that the child ended
		time.Sleep(pollInterval)
		id, err = Identify(pid)
	}
	if err != nil {
		id = Identity{PID: pid}
	}
	h := &Handle{id: id, ended: err != nil}
	// A child whose first thread ended may have others that run. It can be waited for
	// only when all have ended, which the pidfd reports.
	if fd, err := unix.PidfdOpen(pid, unix.O_NONBLOCK); err == nil {
		h.file, h.ended = os.NewFile(uintptr(fd), "pidfd"), false
	}
	return h, id
}

// Close releases the Handle. It does not end a running Await.
func (h *Handle) Close() {
	if h.file != nil {
		_ = h.file.Close()
	}
}

// Await blocks until exactly this process has ended. It does not wait for a child as
// wait(2) does, so the pid and the group's number stay reserved. It returns the cause
// of ctx when ctx ends first.
func (h *Handle) Await(ctx context.Context) error {
	switch {
	case h.ended:
		return nil
	case h.file == nil:
		return h.id.pollUntilEnd(ctx)
	}
	_ = h.file.SetReadDeadline(time.Time{}) // an earlier Await may have set it
	stop := context.AfterFunc(ctx, func() { _ = h.file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	raw, err := h.file.SyscallConn()
	if err == nil {
		err = raw.Read(hasPidfdEnded)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil { // the poller refuses it: all of the user's epoll watches are in use
		return h.id.pollUntilEnd(ctx)
	}
	return nil
}

// SignalGroup sends sig to the process group that the process leads; see
// Identity.SignalGroup.
func (h *Handle) SignalGroup(sig syscall.Signal) error {
	if h.file == nil {
		return h.id.SignalGroup(sig)
	}
	raw, err := h.file.SyscallConn()
	if err != nil {
		return wrapSignalError(h.id, sig, err)
	}
	sent := error(nil)
	err = raw.Control(func(fd uintptr) { sent = signalGroupByPidfd(int(fd), h.id, sig) })
	return errors.Join(sent, err)
}

// hasPidfdEnded reports whether the process of a pidfd has ended: the pidfd is readable
// then.
func hasPidfdEnded(fd uintptr) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return n > 0 || err != nil && !errors.Is(err, syscall.EINTR)
}
