package process

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Handle is a hold on one process: the kernel's (pidfd_open(2)), which is
// opened once and then reaches exactly this process in one call.
type Handle struct {
	id   Identity
	gone bool     // it had ended before
	file *os.File // nil on an old kernel, or when no descriptor was left
}

// Hold takes hold of a process. One that has ended already has a handle too.
func Hold(id Identity) *Handle {
	fd, err := open(id, unix.O_NONBLOCK) // PIDFD_NONBLOCK, Linux 5.10
	h := &Handle{id: id, gone: errors.Is(err, ErrGone)}
	if err == nil {
		h.file = os.NewFile(uintptr(fd), "pidfd")
	}
	return h
}

// HoldChild takes hold of a child that the caller has not waited for: until
// then its pid is nobody else's. One that has ended already has no identity but
// its pid.
func HoldChild(pid int) (*Handle, Identity) {
	id, err := Identify(pid)
	for err != nil && !errors.Is(err, ErrGone) { // no descriptor is left, which says nothing of the child
		time.Sleep(lookEvery)
		id, err = Identify(pid)
	}
	if err != nil {
		id = Identity{PID: pid}
	}
	h := &Handle{id: id, gone: err != nil}
	// One that looks ended may have threads that are not: only when they are, too,
	// it can be waited for, and the descriptor says so.
	if fd, err := unix.PidfdOpen(pid, unix.O_NONBLOCK); err == nil {
		h.file, h.gone = os.NewFile(uintptr(fd), "pidfd"), false
	}
	return h, id
}

// Close gives the hold up, and ends no Await.
func (h *Handle) Close() {
	if h.file != nil {
		_ = h.file.Close()
	}
}

// Await blocks until exactly this process has ended and leaves a child to be
// waited for: until then its pid and its group's number stay its own. It holds
// no thread: the handle waits in Go's poller. It returns the cause of ctx when
// that ends first.
func (h *Handle) Await(ctx context.Context) error {
	switch {
	case h.gone:
		return nil
	case h.file == nil:
		return h.id.look(ctx)
	}
	_ = h.file.SetReadDeadline(time.Time{}) // an earlier wait may have been called off
	stop := context.AfterFunc(ctx, func() { _ = h.file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	raw, err := h.file.SyscallConn()
	if err == nil {
		err = raw.Read(ended)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil { // the poller does not take it: the user's watches are all in use
		return h.id.look(ctx)
	}
	return nil
}

// SignalGroup sends sig to the process group that the process leads: see
// Identity.SignalGroup.
func (h *Handle) SignalGroup(sig syscall.Signal) error {
	if h.file == nil {
		return h.id.SignalGroup(sig)
	}
	raw, err := h.file.SyscallConn()
	if err != nil {
		return wrapSignal(h.id, sig, err)
	}
	sent := error(nil)
	err = raw.Control(func(fd uintptr) { sent = signalGroupBy(int(fd), h.id, sig) })
	return errors.Join(sent, err)
}

// ended reports whether the process behind a pidfd has: it is readable then.
func ended(fd uintptr) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return n > 0 || err != nil && !errors.Is(err, syscall.EINTR)
}
