package instance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/sourcegraph/conc"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// KillTimeout is how long a stop waits, after SIGKILL, for a process that does not
// end, such as one that waits for a dead disk, and for its descendants.
const KillTimeout = 5 * time.Second

// Process is one process of a service, from its start or adoption until
// collect.
type Process struct {
	Spec         runtimestore.Spec
	cfg          *config.Config // that it was started by
	handle       *process.Handle
	rejoinCensus func() // has the census look at the leader again
	family       process.Family
	census       *process.Census
	Started      time.Time
	LogFile      string
	LogFrom      int64       // place where its lines begin in the log
	LogInfo      os.FileInfo // the log as it was opened; nil when not known

	Ended        chan struct{}    // closed when the process ended; it still has to be collected
	Observations chan Observation // what probes found
	BecameReady  chan struct{}    // closed by its owner when it first was ready: liveness begins
	stopWatching context.CancelFunc
	watchers     conc.WaitGroup
}

// watch begins to observe a process.
func (run *Process) watch(svc config.Service) {
	var ctx context.Context
	ctx, run.stopWatching = context.WithCancel(context.Background())
	run.Ended, run.Observations, run.BecameReady = make(chan struct{}), make(chan Observation), make(chan struct{})
	if run.handle == nil {
		run.handle = process.Hold(run.Leader())
	}
	run.watchers.Go(func() {
		if run.handle.Await(ctx) == nil {
			close(run.Ended)
		}
	})
	run.watchProbes(ctx, svc)
}

func (run *Process) Leader() process.Identity { return run.family.Leader }

// Release leaves the process to whoever comes next.
func (run *Process) Release() {
	run.stopWatching()
	run.watchers.Wait()
	run.handle.Close()
	if run.rejoinCensus != nil {
		run.rejoinCensus()
	}
}

// Collect ends what is left of the family, takes the process in and says how
// it ended. The process has ended already; what it started is asked to end
// and gets until the deadline.
func (run *Process) Collect(deadline time.Time) control.Exit {
	begin := time.Now()
	if deadline.Before(begin) {
		deadline = begin
	}
	run.family.LeaderUnreaped = run.rejoinCensus != nil // a child, which is not waited for yet
	asked := false
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		left, err := run.census.Members(run.family)
		if err == nil && len(left) == 0 || time.Since(deadline) > KillTimeout {
			break // an error, for want of a descriptor, says nothing of who is left
		}
		switch {
		case !time.Now().Before(deadline):
			signalAll(left, syscall.SIGKILL)
		case !asked && err == nil:
			signalAll(left, syscall.SIGTERM)
			asked = true
		}
		time.Sleep(wait) // a group has no event for its end
	}
	run.Release()
	status, child := process.TryWait(run.Leader().PID)
	if !child {
		return ledger.Unseen(ledger.Timestamp())
	}
	return exitFromWait(status)
}

func signalAll(processes []process.Identity, sig syscall.Signal) {
	for _, p := range processes {
		_ = p.Signal(sig) // gone is fine
	}
}

// Terminate ends the process: SIGTERM to its group, after grace SIGKILL, then
// whoever left the group. It reports how the process ended and whether it had
// to be killed. A process that has not ended within sweepLimit of SIGKILL, since
// it waits for a device or a file system, is the fault service-stuck; it can still
// be collected when it ends.
func (run *Process) Terminate(grace time.Duration) (exit control.Exit, killed bool, err error) {
	deadline := time.Now().Add(grace)
	_ = run.handle.SignalGroup(syscall.SIGTERM)
	_ = run.handle.SignalGroup(syscall.SIGCONT) // one that is stopped would not hear it
	if !run.endsWithin(grace) {
		killed = true
		_ = run.handle.SignalGroup(syscall.SIGKILL)
		if !run.endsWithin(KillTimeout) {
			return control.Exit{}, true, fault.New("service-stuck", "process %d was sent SIGKILL and has not ended within %v: it waits for a device or a file system",
				run.Leader().PID, KillTimeout).WithHint("mend what it waits for (a network file system, a disk); it ends then")
		}
	}
	return run.Collect(deadline), killed, nil
}

// endsWithin waits for the end of the process, no longer than limit.
func (run *Process) endsWithin(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-run.Ended:
		return true
	case <-timer.C:
		return false
	}
}

// CheckListener reports whether it is this process, or one that it started, that
// listens on the service's port. A stranger is a fault; nobody at all is not:
// the listener may have just been replaced.
func (run *Process) CheckListener(svc config.Service) (bool, error) {
	pid := run.Leader().PID
	if svc.Port == 0 || tcp.IsListening(pid, svc.Host, svc.Port) {
		return true, nil
	}
	holder, found, err := tcp.FindListener(svc.Host, svc.Port)
	if err != nil || !found {
		return false, nil
	}
	if run.isFamily(holder.PID) {
		return true, nil
	}
	failure := run.Failure(&StartRequest{Service: svc}, nil)
	failure.Holder = &holder
	return false, fault.New("listener-foreign", "service %q runs, but %s answers on its address %s", svc.Name, &holder, svc.Addr()).
		WithHint("stop that process, or give services.%s.port another number", svc.Name).WithDetail(failure)
}

// isFamily reports whether a process is of this one's family or descends from it.
func (run *Process) isFamily(pid int) bool {
	if members, err := run.census.Members(run.family); err == nil {
		for _, m := range members {
			if m.PID == pid {
				return true
			}
		}
	}
	for p := pid; p > 1; p = process.ParentPID(p) {
		if p == run.Leader().PID {
			return true
		}
	}
	return false
}

// Failure gathers what people need to know when the service failed.
func (run *Process) Failure(p *StartRequest, exit *control.Exit) control.Failure {
	lines, err := logfile.LastLines(run.LogFile, run.LogFrom, control.FailureLines)
	if err != nil {
		lines = []string{fmt.Sprintf("(the log cannot be read: %v)", errors.Unwrap(err))}
	}
	return control.Failure{Service: p.Service.Name, Port: p.Service.Port, Exit: exit, Log: lines, LogFile: run.LogFile}
}
