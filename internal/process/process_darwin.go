package process

import (
	"errors"
	"fmt"
	"strconv"
	"syscall"

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
	boot, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return Identity{}, fmt.Errorf("read the boot time: %w", err)
	}
	start := p.Proc.P_starttime
	return Identity{
		PID:       pid,
		StartTime: uint64(start.Sec)*1_000_000 + uint64(start.Usec),
		BootID:    strconv.FormatInt(boot.Sec, 10),
	}, nil
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

// AwaitExit blocks until a child of the caller has ended, and leaves it to be
// waited for: until then its pid and its group's number stay its own, so that
// KillGroup can end what it left behind. It listens with kqueue, since waitid
// on macOS also returns for a stopped process.
func AwaitExit(child int) error {
	kq, err := unix.Kqueue()
	if err != nil {
		return fmt.Errorf("await the end of process %d: %w", child, err)
	}
	defer unix.Close(kq)
	watch := unix.Kevent_t{
		Ident: uint64(child), Filter: unix.EVFILT_PROC,
		Flags: unix.EV_ADD | unix.EV_ONESHOT, Fflags: unix.NOTE_EXIT,
	}
	got := make([]unix.Kevent_t, 1)
	for {
		n, err := unix.Kevent(kq, []unix.Kevent_t{watch}, got, nil)
		if errors.Is(err, unix.ESRCH) || n > 0 {
			return nil // ended, or ended before we looked
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("await the end of process %d: %w", child, err)
		}
	}
}
