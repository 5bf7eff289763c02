package process

import (
	"errors"
	"fmt"
	"os"
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

// environment is the raw memory of a process of our own user that its
// variables are in (KERN_PROCARGS2: arguments first).
func environment(pid int, _ []byte) []byte {
	raw, _ := unix.SysctlRaw("kern.procargs2", pid)
	return raw
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
