// Package process identifies, signals, awaits and measures processes. Call Identify
// first: an Identity names one process for ever, which a pid does not, so Signal,
// SignalGroup and Alive are its methods. Hold returns a Handle for repeated use, and
// a Census finds everything that a service's process led to.
//
// It never signals a bare pid, never starts a process and never needs root: what
// another user hides is reported as unknown.
//
// It has more than 700 lines because Linux and macOS have files of their own for the
// same functions; one build compiles about 900 of them.
package process

import (
	"context"
	"errors"
	"syscall"
)

// ErrGone means that the process of an Identity has ended. Another process that has its
// pid now was not touched.
var ErrGone = errors.New("process is gone")

// Identity names one process among all that ever ran on this machine.
type Identity struct {
	PID       int    `json:"pid"`
	StartTime uint64 `json:"start_time"` // Linux: clock ticks since boot; macOS: µs since 1970
	BootID    string `json:"boot_id"`    // of the boot that the process belongs to
}

// Alive reports whether exactly this process still runs. A zombie, which ended and was
// not waited for, does not run.
func (id Identity) Alive() bool {
	if id.PID <= 0 {
		return false
	}
	now, err := Identify(id.PID)
	return err == nil && now == id
}

// Signal sends sig to exactly this process, and returns ErrGone when it has ended.
func (id Identity) Signal(sig syscall.Signal) error {
	if id.PID <= 0 {
		return ErrGone
	}
	return signal(id, sig)
}

// SignalGroup sends sig to the process group that this process leads, and returns
// ErrGone when the leader has ended: the group's number may belong to another group by
// then. A parent that has not waited for its child yet may use KillGroup instead.
func (id Identity) SignalGroup(sig syscall.Signal) error {
	if id.PID <= 0 {
		return ErrGone
	}
	return signalGroup(id, sig)
}

// Await opens a Handle and calls its Await.
func (id Identity) Await(ctx context.Context) error {
	h := Hold(id)
	defer h.Close()
	return h.Await(ctx)
}

// KillGroup sends sig to the process group led by a child that the caller started and
// has not waited for: until then no other process can get its pid. A group without
// members is not an error.
func KillGroup(child int, sig syscall.Signal) error {
	if child <= 1 {
		return ErrGone
	}
	if err := syscall.Kill(-child, sig); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// Reap waits for a child without blocking and reports whether it has ended, now or
// earlier. A pid that is not a child of the caller counts as ended.
func Reap(child int) bool {
	for {
		pid, err := syscall.Wait4(child, nil, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		return err != nil || pid == child
	}
}
