package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// zombie is SZOMB in <sys/proc.h>.
const zombie = 5

// Identify returns the identity of a running process: ErrGone when there is none.
func Identify(pid int) (Identity, error) {
	p, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	// The kernel answers an unknown pid with an empty reply, which x/sys reports as EIO.
	if errors.Is(err, unix.EIO) || errors.Is(err, unix.ESRCH) || err == nil && p.Proc.P_stat == zombie {
		return Identity{}, fmt.Errorf("identify process %d: %w", pid, ErrGone)
	}
	if err != nil {
		return Identity{}, fmt.Errorf("identify process %d: %w", pid, err)
	}
	start := p.Proc.P_starttime
	return Identity{
		PID:       pid,
		StartTime: uint64(start.Sec)*1_000_000 + uint64(start.Usec),
		BootID:    bootID(),
	}, nil
}

func readBootID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid") // boottime moves when the clock is set
	if err != nil {
		return ""
	}
	return id
}

// Parent is the pid of the parent of a process, 0 when that is not known.
func Parent(pid int) int {
	p, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return 0
	}
	return int(p.Eproc.Ppid)
}

// GroupMembers are the running processes of a process group, zombies left out.
func GroupMembers(group int) ([]int, error) {
	procs, err := unix.SysctlKinfoProcSlice("kern.proc.pgrp", group)
	if errors.Is(err, unix.ESRCH) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list process group %d: %w", group, err)
	}
	var members []int
	for i := range procs {
		if procs[i].Proc.P_stat != zombie {
			members = append(members, int(procs[i].Proc.P_pid))
		}
	}
	return members, nil
}

func signal(id Identity, sig syscall.Signal) error { return checkThenKill(id, id.PID, sig) }

func signalGroup(id Identity, sig syscall.Signal) error { return checkThenKill(id, -id.PID, sig) }

// Await blocks until exactly this process has ended, and leaves a child to be
// waited for. It listens with kqueue, since waitid on macOS also returns for a
// stopped process. It returns the cause of ctx when that ends first.
func (id Identity) Await(ctx context.Context) error {
	kq, err := unix.Kqueue()
	if err != nil {
		return fmt.Errorf("await the end of process %d: %w", id.PID, err)
	}
	defer unix.Close(kq)
	const wake = 1
	watch := []unix.Kevent_t{
		{Ident: uint64(id.PID), Filter: unix.EVFILT_PROC, Flags: unix.EV_ADD | unix.EV_ONESHOT, Fflags: unix.NOTE_EXIT},
		{Ident: wake, Filter: unix.EVFILT_USER, Flags: unix.EV_ADD | unix.EV_ONESHOT},
	}
	for _, w := range watch {
		if _, err := unix.Kevent(kq, []unix.Kevent_t{w}, nil, nil); errors.Is(err, unix.ESRCH) {
			return nil
		} else if err != nil {
			return fmt.Errorf("await the end of process %d: %w", id.PID, err)
		}
	}
	if !id.Alive() { // the watch may be on another process with its pid
		return nil
	}
	var woken sync.WaitGroup
	defer woken.Wait() // before kq is closed
	woken.Add(1)
	stop := context.AfterFunc(ctx, func() {
		defer woken.Done()
		trigger := unix.Kevent_t{Ident: wake, Filter: unix.EVFILT_USER, Fflags: unix.NOTE_TRIGGER}
		_, _ = unix.Kevent(kq, []unix.Kevent_t{trigger}, nil, nil)
	})
	defer func() {
		if stop() {
			woken.Done()
		}
	}()
	got := make([]unix.Kevent_t, 1)
	for {
		n, err := unix.Kevent(kq, nil, got, nil)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case n > 0:
			return nil
		case err != nil && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("await the end of process %d: %w", id.PID, err)
		}
	}
}

// environment is the raw memory of a process of our own user that its
// variables are in (KERN_PROCARGS2: arguments first).
func environment(pid int, _ []byte) []byte {
	raw, _ := unix.SysctlRaw("kern.procargs2", pid)
	return raw
}

// groupOf is the process group of a process, 0 when that is not known.
func groupOf(pid int) int {
	p, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return 0
	}
	return int(p.Eproc.Pgid)
}

func allPIDs() ([]int, error) {
	procs, err := unix.SysctlKinfoProcSlice("kern.proc.uid", os.Geteuid())
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	pids := make([]int, 0, len(procs))
	for i := range procs {
		pids = append(pids, int(procs[i].Proc.P_pid))
	}
	return pids, nil
}

// Uptime is how long this machine has been up, sleep included: a clock that
// nobody sets.
func Uptime() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail with this clock
	return time.Duration(ts.Nano())
}
