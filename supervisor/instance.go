package supervisor

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
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// sweepLimit is how long a stop waits, after SIGKILL, for a process that does not
// end, such as one that waits for a dead disk, and for its descendants.
const sweepLimit = 5 * time.Second

// Failure is the detail of a fault about one service.
type Failure struct {
	Service string      `json:"service"`
	Port    int         `json:"port"`
	Holder  *tcp.Holder `json:"holder,omitempty"` // who has the port instead
	Exit    *Exit       `json:"exit,omitempty"`
	Log     []string    `json:"log"`      // last lines that its process wrote
	LogFile string      `json:"log_file"` // the whole of it
}

// instance is one process of a service, from its start or adoption until
// collect.
type instance struct {
	spec    runtimestore.Spec
	cfg     *config.Config // that it was started by
	hold    *process.Handle
	counted func() // has the census look at the leader again
	family  process.Family
	census  *process.Census
	started time.Time
	log     string
	logFrom int64       // place where its lines begin in the log
	logFile os.FileInfo // the log as it was opened; nil when not known

	ended    chan struct{}    // closed when the process ended; it still has to be collected
	seen     chan observation // what probes found
	isReady  chan struct{}    // closed by its owner when it first was ready: liveness begins
	cancel   context.CancelFunc
	watchers conc.WaitGroup
}

// watch begins to observe a process.
func (run *instance) watch(svc config.Service) {
	var ctx context.Context
	ctx, run.cancel = context.WithCancel(context.Background())
	run.ended, run.seen, run.isReady = make(chan struct{}), make(chan observation), make(chan struct{})
	if run.hold == nil {
		run.hold = process.Hold(run.leader())
	}
	run.watchers.Go(func() {
		if run.hold.Await(ctx) == nil {
			close(run.ended)
		}
	})
	run.watchProbes(ctx, svc)
}

func (run *instance) leader() process.Identity { return run.family.Leader }

// release leaves the process to whoever comes next.
func (run *instance) release() {
	run.cancel()
	run.watchers.Wait()
	run.hold.Close()
	if run.counted != nil {
		run.counted()
	}
}

// collect ends what is left of the family, takes the process in and says how
// it ended. The process has ended already; what it started is asked to end
// and gets until the deadline.
func (run *instance) collect(deadline time.Time) Exit {
	begin := time.Now()
	if deadline.Before(begin) {
		deadline = begin
	}
	run.family.LeaderUnreaped = run.counted != nil // a child, which is not waited for yet
	asked := false
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		left, err := run.census.Members(run.family)
		if err == nil && len(left) == 0 || time.Since(deadline) > sweepLimit {
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
	run.release()
	status, child := process.TryWait(run.leader().PID)
	if !child {
		return ledger.Unseen(now())
	}
	return exitOf(status)
}

func signalAll(processes []process.Identity, sig syscall.Signal) {
	for _, p := range processes {
		_ = p.Signal(sig) // gone is fine
	}
}

// terminate ends the process: SIGTERM to its group, after grace SIGKILL, then
// whoever left the group. It reports how the process ended and whether it had
// to be killed. A process that has not ended within sweepLimit of SIGKILL, since
// it waits for a device or a file system, is the fault service-stuck; it can still
// be collected when it ends.
func (run *instance) terminate(grace time.Duration) (exit Exit, killed bool, err error) {
	deadline := time.Now().Add(grace)
	_ = run.hold.SignalGroup(syscall.SIGTERM)
	_ = run.hold.SignalGroup(syscall.SIGCONT) // one that is stopped would not hear it
	if !run.endsWithin(grace) {
		killed = true
		_ = run.hold.SignalGroup(syscall.SIGKILL)
		if !run.endsWithin(sweepLimit) {
			return Exit{}, true, fault.New("service-stuck", "process %d was sent SIGKILL and has not ended within %v: it waits for a device or a file system",
				run.leader().PID, sweepLimit).WithHint("mend what it waits for (a network file system, a disk); it ends then")
		}
	}
	return run.collect(deadline), killed, nil
}

// endsWithin waits for the end of the process, no longer than limit.
func (run *instance) endsWithin(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-run.ended:
		return true
	case <-timer.C:
		return false
	}
}

// listens reports whether it is this process, or one that it started, that
// listens on the service's port. A stranger is a fault; nobody at all is not:
// the listener may have just been replaced.
func (run *instance) listens(svc config.Service) (bool, error) {
	pid := run.leader().PID
	if svc.Port == 0 || tcp.IsListening(pid, svc.Host, svc.Port) {
		return true, nil
	}
	holder, found, err := tcp.FindListener(svc.Host, svc.Port)
	if err != nil || !found {
		return false, nil
	}
	if run.holds(holder.PID) {
		return true, nil
	}
	failure := run.failure(&plan{svc: svc}, nil)
	failure.Holder = &holder
	return false, fault.New("listener-foreign", "service %q runs, but %s answers on its address %s", svc.Name, name(&holder), svc.Addr()).
		WithHint("stop that process, or give services.%s.port another number", svc.Name).WithDetail(failure)
}

// holds reports whether a process is of this one's family or descends from it.
func (run *instance) holds(pid int) bool {
	if members, err := run.census.Members(run.family); err == nil {
		for _, m := range members {
			if m.PID == pid {
				return true
			}
		}
	}
	for p := pid; p > 1; p = process.ParentPID(p) {
		if p == run.leader().PID {
			return true
		}
	}
	return false
}

// failure gathers what people need to know when the service failed.
func (run *instance) failure(p *plan, exit *Exit) Failure {
	lines, err := logfile.Last(run.log, run.logFrom, failureLines)
	if err != nil {
		lines = []string{fmt.Sprintf("(the log cannot be read: %v)", errors.Unwrap(err))}
	}
	return Failure{Service: p.svc.Name, Port: p.svc.Port, Exit: exit, Log: lines, LogFile: run.log}
}
