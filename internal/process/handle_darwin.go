package process

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Handle refers to exactly one process: on Linux by a pidfd (pidfd_open(2)), on macOS
// by its identity, which is compared before each use.
type Handle struct{ id Identity }

// Hold opens a Handle on a process. A process that has ended has a Handle too.
func Hold(id Identity) *Handle { return &Handle{id} }

// HoldChild opens a Handle on an unreaped child, whose pid cannot have been reused. For
// a child that already ended, only Identity.PID is set.
func HoldChild(pid int) (*Handle, Identity) {
	id, err := Identify(pid)
	if err != nil {
		id = Identity{PID: pid}
	}
	return &Handle{id}, id
}

// Close releases the Handle. It does not end a running Await.
func (*Handle) Close() {}

// SignalGroup sends sig to the process group that the process leads; see
// Identity.SignalGroup.
func (h *Handle) SignalGroup(sig syscall.Signal) error { return h.id.SignalGroup(sig) }

// Await blocks until exactly this process has ended. It does not wait for a child as
// wait(2) does, so the pid and the group's number stay reserved. It returns the cause
// of ctx when ctx ends first.
func (h *Handle) Await(ctx context.Context) error {
	// kqueue, since waitid on macOS also returns for a stopped process.
	kq, err := unix.Kqueue()
	if err != nil { // no descriptor is left
		return h.id.pollUntilEnd(ctx)
	}
	defer unix.Close(kq)
	const wake = 1 // names the event that the end of ctx triggers
	watch := []unix.Kevent_t{
		{Ident: uint64(h.id.PID), Filter: unix.EVFILT_PROC, Flags: unix.EV_ADD | unix.EV_ONESHOT, Fflags: unix.NOTE_EXIT},
		{Ident: wake, Filter: unix.EVFILT_USER, Flags: unix.EV_ADD | unix.EV_ONESHOT},
	}
	for _, w := range watch {
		if _, err := unix.Kevent(kq, []unix.Kevent_t{w}, nil, nil); errors.Is(err, unix.ESRCH) {
			return nil
		} else if err != nil {
			return h.id.pollUntilEnd(ctx)
		}
	}
	if !h.id.Alive() { // the watch may be on another process with its pid
		return nil
	}
	defer triggerAtEnd(ctx, kq, wake)() // before kq is closed
	got := make([]unix.Kevent_t, 1)
	for {
		n, err := unix.Kevent(kq, nil, got, nil)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case n > 0:
			return nil
		case err != nil && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("await the end of process %d: %w", h.id.PID, err)
		}
	}
}

// triggerAtEnd triggers the user event when ctx ends, until release is called. After the
// return of release kq is not used any more.
func triggerAtEnd(ctx context.Context, kq int, event uint64) (release func()) {
	var triggered sync.WaitGroup
	triggered.Add(1)
	stop := context.AfterFunc(ctx, func() {
		defer triggered.Done()
		trigger := unix.Kevent_t{Ident: event, Filter: unix.EVFILT_USER, Fflags: unix.NOTE_TRIGGER}
		_, _ = unix.Kevent(kq, []unix.Kevent_t{trigger}, nil, nil)
	})
	return func() {
		if stop() {
			triggered.Done()
		}
		triggered.Wait()
	}
}
