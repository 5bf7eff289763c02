package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sourcegraph/conc"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimes"
)

// Failure is the detail of a fault about one service.
type Failure struct {
	Service string          `json:"service"`
	Port    int             `json:"port"`
	Holder  *process.Holder `json:"holder,omitempty"` // who has the port instead
	Exit    *Exit           `json:"exit,omitempty"`
	Log     []string        `json:"log"`      // last lines that its process wrote
	LogFile string          `json:"log_file"` // the whole of it
}

// instance is one process of a service, from its start until collect.
type instance struct {
	cmd      *exec.Cmd
	spec     runtimes.Spec
	id       process.Identity
	started  time.Time
	log      string
	logStart int64         // where its lines begin in the log
	ended    chan struct{} // closed when the process ended; it still has to be collected
	probes   chan error    // outcome of each readiness probe, nil for ready
	settled  atomic.Bool   // ready once: probe seldom from now on
	cancel   context.CancelFunc
	watchers conc.WaitGroup
}

// watch begins to observe a process that was just started.
func watch(cmd *exec.Cmd, spec runtimes.Spec, svc config.Service, log string, logStart int64) *instance {
	ctx, cancel := context.WithCancel(context.Background())
	run := &instance{
		cmd: cmd, spec: spec, log: log, logStart: logStart, cancel: cancel,
		started: time.Now().UTC().Truncate(time.Millisecond),
		ended:   make(chan struct{}), probes: make(chan error),
	}
	id, err := process.Identify(cmd.Process.Pid)
	if err != nil { // it has ended already
		id = process.Identity{PID: cmd.Process.Pid}
	}
	run.id = id
	run.watchers.Go(func() {
		defer close(run.ended)
		_ = process.AwaitExit(id.PID) // fails only when there is nothing to wait for
	})
	run.watchers.Go(func() { run.probe(ctx, svc) })
	return run
}

// collect ends what is left of the process group, waits for the process and
// its watchers, and says how it ended. The process has ended already; what it
// started gets until the deadline to end by itself.
func (run *instance) collect(deadline time.Time) Exit {
	for wait := time.Millisecond; time.Now().Before(deadline); wait = min(2*wait, 50*time.Millisecond) {
		if members, err := process.GroupMembers(run.id.PID); err != nil || len(members) == 0 {
			break
		}
		time.Sleep(wait) // a group has no event for its end
	}
	_ = process.KillGroup(run.id.PID, syscall.SIGKILL) // an empty group is fine
	run.cancel()
	run.watchers.Wait()
	_ = run.cmd.Wait() // its error is the exit status
	return exitOf(run.cmd.ProcessState)
}

// terminate ends the process: SIGTERM to its group, after grace SIGKILL. It
// reports how the process ended and whether it had to be killed.
func (run *instance) terminate(grace time.Duration) (exit Exit, killed bool) {
	deadline := time.Now().Add(grace)
	_ = process.KillGroup(run.id.PID, syscall.SIGTERM)
	_ = process.KillGroup(run.id.PID, syscall.SIGCONT) // one that is stopped would not hear it
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-run.ended:
	case <-timer.C:
		killed = true
		_ = process.KillGroup(run.id.PID, syscall.SIGKILL)
		<-run.ended
	}
	return run.collect(deadline), killed
}

// listens reports whether it is this process, or one that it started, that
// listens on the service's port. A stranger is a fault; nobody at all is not:
// the listener may have just been replaced.
func (run *instance) listens(svc config.Service) (bool, error) {
	pid := run.id.PID
	if process.Holds(pid, svc.Host, svc.Port) {
		return true, nil
	}
	holder, found, err := process.Listener(svc.Host, svc.Port)
	if err != nil || !found {
		return false, nil
	}
	if group, err := syscall.Getpgid(holder.PID); holder.PID != 0 && err == nil && group == pid {
		return true, nil
	}
	for p := holder.PID; p > 1; p = process.Parent(p) {
		if p == pid {
			return true, nil
		}
	}
	failure := run.failure(&plan{svc: svc}, nil)
	failure.Holder = &holder
	return false, fault.New("listener-foreign", "service %q runs, but %s answers on its address %s", svc.Name, name(&holder), svc.Addr()).
		WithHint("stop that process, or give services.%s.port another number", svc.Name).WithDetail(failure)
}

// failure gathers what people need to know when the service failed.
func (run *instance) failure(p *plan, exit *Exit) Failure {
	lines, err := lastLines(run.log, run.logStart, failureLines)
	if err != nil {
		lines = []string{fmt.Sprintf("(the log cannot be read: %v)", errors.Unwrap(err))}
	}
	return Failure{Service: p.svc.Name, Port: p.svc.Port, Exit: exit, Log: lines, LogFile: run.log}
}
