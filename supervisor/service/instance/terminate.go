package instance

import (
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// KillTimeout is how long a stop waits after SIGKILL for the process, and again
// for its descendants: they do not end while they wait for a dead disk.
const KillTimeout = 5 * time.Second

// endFamily ends the descendants of the process: SIGTERM at once, SIGKILL from the
// deadline on. It gives up KillTimeout after the deadline.
func (p *Process) endFamily(deadline time.Time) {
	terminated := false
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		// After an error, such as a lack of descriptors, the members are unknown: it looks again.
		members, err := p.census.Members(p.family)
		if err == nil && len(members) == 0 || time.Since(deadline) > KillTimeout {
			return
		}
		switch {
		case !time.Now().Before(deadline):
			signalAll(members, syscall.SIGKILL)
		case !terminated && err == nil:
			signalAll(members, syscall.SIGTERM)
			terminated = true
		}
		time.Sleep(wait) // the system has no event for the end of a group
	}
}

// signalAll sends a signal to processes.
func signalAll(processes []process.Identity, sig syscall.Signal) {
	for _, p := range processes {
		_ = p.Signal(sig) // one that has ended is fine
	}
}

// Terminate ends the process: SIGTERM to its group, SIGKILL after timeout, then
// the descendants that left the group. It returns how the process ended and
// whether it had to be killed. A process that has not ended KillTimeout after
// SIGKILL is the fault service-stuck; Collect is to be called when it ends.
func (p *Process) Terminate(timeout time.Duration) (exit ledger.Exit, killed bool, err error) {
	deadline := time.Now().Add(timeout)
	_ = p.handle.SignalGroup(syscall.SIGTERM)
	_ = p.handle.SignalGroup(syscall.SIGCONT) // a suspended process does not receive SIGTERM
	if !p.endsWithin(timeout) {
		killed = true
		_ = p.handle.SignalGroup(syscall.SIGKILL)
		if !p.endsWithin(KillTimeout) {
			return ledger.Exit{}, true, fault.New("service-stuck",
				"process %d was sent SIGKILL and has not ended within %v: it waits for a device or a file system",
				p.Leader().PID, KillTimeout).WithHint("repair what it waits for (a network file system, a disk); it ends then")
		}
	}
	return p.Collect(deadline), killed, nil
}

// endsWithin reports whether the process ends before limit has passed.
func (p *Process) endsWithin(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.Ended:
		return true
	case <-timer.C:
		return false
	}
}
