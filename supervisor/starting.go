package supervisor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
)

// startGrace is what a process that did not get ready in time is given to end.
const startGrace = 2 * time.Second

// starting executes the service and waits until it is ready.
func (u *unit) starting(ctx context.Context) phase {
	u.publish(func(s *snapshot) { s.State, s.Ready = StateStarting, false })
	u.emit(Event{Event: EventStarting, Service: u.name, Result: "ok"})
	run, err := launch(ctx, u.plan)
	if err != nil {
		return u.startFailed(err)
	}
	u.take(run)
	return u.untilReady
}

// take makes a process the unit's own and shows it.
func (u *unit) take(run *instance) {
	u.run = run
	u.publish(func(s *snapshot) {
		s.logFile = run.logFile
		s.id, s.PID, s.Live, s.StartedAt, s.Version, s.logFrom = run.leader(), run.leader().PID, true, &run.started, run.spec.Version, run.logFrom
	})
	u.record()
	u.executed()
}

func (u *unit) untilReady(ctx context.Context) phase {
	deadline := time.NewTimer(u.plan.timeout)
	defer deadline.Stop()
	var last probe.Finding
	for {
		select {
		case o := <-u.run.seen:
			last = o.finding
			if !o.passed || o.liveness {
				continue
			}
			ours, err := u.run.listens(u.plan.svc)
			if err != nil {
				return u.giveUpStart(err)
			}
			if ours {
				return u.becameReady()
			}
		case <-u.run.ended:
			return u.startFailed(u.exitedBeforeReady())
		case <-deadline.C:
			failure := u.run.failure(u.plan, nil)
			return u.giveUpStart(timedOut(u.plan, last, failure))
		case o := <-u.orders:
			if o.plan == nil {
				return u.stopping(&o)
			}
			u.await(o)
		case <-ctx.Done():
			return u.left(ctx)
		}
	}
}

func (u *unit) becameReady() phase {
	close(u.run.isReady)
	u.wasReady = true
	u.publish(func(s *snapshot) { s.State, s.Ready, s.Reason = StateRunning, true, "" })
	u.emit(Event{Event: EventReady, Service: u.name, Result: "ok"})
	u.record()
	u.answer(nil)
	return u.running
}

// giveUpStart ends a process that runs and is not what was to be started.
func (u *unit) giveUpStart(cause error) phase {
	if _, err := u.endProcess(startGrace); err != nil {
		return u.stuck(err, func(Exit) phase { return u.startFailed(cause) })
	}
	return u.startFailed(cause)
}

// startFailed gives up a start that a command asked for; a restart is tried
// again within the limit.
func (u *unit) startFailed(err error) phase {
	if !u.wasReady {
		return u.fail(err)
	}
	return u.retry(probe.Exited, err)
}

// exitedBeforeReady is a failure whatever the exit status: CLIProxyAPI exits 0
// when its port is taken.
func (u *unit) exitedBeforeReady() error {
	exit := u.collect()
	failure := u.run.failure(u.plan, &exit)
	u.run = nil
	return fault.New("start-failed", "service %q ended before it was ready: %s", u.name, exit).
		WithHint("its last lines are in %s; mage logs %s shows more", failure.LogFile, u.name).WithDetail(failure)
}

// toExecute says what to do about a program that the system would not execute.
func toExecute(err error, dir string) string {
	if errors.Is(err, syscall.ENOEXEC) {
		return fmt.Sprintf("it is no program for %s on %s: install the one for this machine", runtime.GOOS, runtime.GOARCH)
	}
	return "try it by hand in " + dir
}

// timedOut is the fault of a service that was not ready in time; last is what
// its last probe found.
func timedOut(p *plan, last probe.Finding, failure Failure) error {
	why, hint := "nothing was heard from it", fmt.Sprintf("give it longer with -timeout, or read mage logs %s", p.svc.Name)
	if last.Err != nil {
		why = last.Err.Error()
	}
	if last.Evidence == probe.Refused {
		hint = fmt.Sprintf("it runs, and its readiness path wants a key that FlowGate does not have: name one without in services.%s.readiness_path", p.svc.Name)
	}
	return fault.New("start-timeout", "service %q was not ready within %v: %s", p.svc.Name, p.timeout, why).
		WithHint("%s", hint).WithDetail(failure)
}
