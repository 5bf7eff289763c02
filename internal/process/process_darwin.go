package process

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/boottime"
	"golang.org/x/sys/unix"
)

// zombie is SZOMB in <sys/proc.h>.
const zombie = 5

// Identify returns the identity of a running process, and ErrGone when there is none.
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
		BootID:    boottime.ID(),
	}, nil
}

// ParentPID returns the pid of a process's parent, 0 when that is not known.
func ParentPID(pid int) int {
	p, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return 0
	}
	return int(p.Eproc.Ppid)
}

// GroupMembers returns the running processes of a process group, without zombies.
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

// signal does the work of Identity.Signal.
func signal(id Identity, sig syscall.Signal) error { return checkThenKill(id, id.PID, sig) }

// signalGroup does the work of Identity.SignalGroup.
func signalGroup(id Identity, sig syscall.Signal) error { return checkThenKill(id, -id.PID, sig) }

// readEnviron returns the raw memory of a process of this user that holds its
// environment (KERN_PROCARGS2: arguments first).
func readEnviron(pid int, _ []byte) []byte {
	raw, _ := unix.SysctlRaw("kern.procargs2", pid)
	return raw
}

// AllPIDs lists all processes (Linux), or this user's processes (macOS).
func AllPIDs() ([]int, error) {
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
