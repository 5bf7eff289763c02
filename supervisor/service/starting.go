package service

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// abortTimeout is what a process that did not get ready in time is given to end.
const abortTimeout = 2 * time.Second

// startProcess executes the service and waits until it is ready.
func (u *Runner) startProcess(ctx context.Context) Phase {
	u.publish(func(s *Snapshot) { s.State, s.Ready = control.StateStarting, false })
	u.emit(control.Event{Event: control.EventStarting, Service: u.Name, Result: "ok"})
	run, err := instance.Launch(ctx, u.Request)
	if err != nil {
		return u.startFailed(err)
	}
	u.setProcess(run)
	return u.waitUntilReady
}

// setProcess makes a process the unit's own and shows it.
func (u *Runner) setProcess(run *instance.Process) {
	u.process = run
	u.publish(func(s *Snapshot) {
		s.LogInfo = run.LogInfo
		s.Identity, s.PID, s.Live, s.StartedAt, s.Version, s.LogFrom = run.Leader(), run.Leader().PID, true, &run.Started, run.Spec.Version, run.LogFrom
	})
	u.recordSoon()
	u.notifyExec()
}

func (u *Runner) waitUntilReady(ctx context.Context) Phase {
	deadline := time.NewTimer(u.Request.Timeout)
	defer deadline.Stop()
	var last probe.Finding
	for {
		select {
		case o := <-u.process.Observations:
			last = o.Finding
			if !o.Passed || o.Liveness {
				continue
			}
			ours, err := u.process.CheckListener(u.Request.Service)
			if err != nil {
				return u.abortStart(err)
			}
			if ours {
				return u.markReady()
			}
		case <-u.process.Ended:
			return u.startFailed(u.exitBeforeReady())
		case <-deadline.C:
			failure := u.process.Failure(u.Request, nil)
			return u.abortStart(instance.TimeoutFault(u.Request, last, failure))
		case o := <-u.commands:
			if o.start == nil {
				return u.stop(&o)
			}
			u.awaitReady(o)
		case <-ctx.Done():
			return u.onShutdown(ctx)
		}
	}
}

func (u *Runner) markReady() Phase {
	close(u.process.BecameReady)
	u.WasReady = true
	u.publish(func(s *Snapshot) { s.State, s.Ready, s.Reason = control.StateRunning, true, "" })
	u.emit(control.Event{Event: control.EventReady, Service: u.Name, Result: "ok"})
	u.recordSoon()
	u.answerWaiting(nil)
	return u.watchRunning
}

// abortStart ends a process that runs and is not what was to be started.
func (u *Runner) abortStart(cause error) Phase {
	if _, err := u.endProcess(abortTimeout); err != nil {
		return u.markStuck(err, func(control.Exit) Phase { return u.startFailed(cause) })
	}
	return u.startFailed(cause)
}

// startFailed gives up a start that a command asked for; a restart is tried
// again within the limit.
func (u *Runner) startFailed(err error) Phase {
	if !u.WasReady {
		return u.giveUp(err)
	}
	return u.retryOrGiveUp(probe.Exited, err)
}

// exitBeforeReady is a failure whatever the exit status: CLIProxyAPI exits 0
// when its port is taken.
func (u *Runner) exitBeforeReady() error {
	exit := u.collectExit()
	failure := u.process.Failure(u.Request, &exit)
	u.process = nil
	return fault.New("start-failed", "service %q ended before it was ready: %s", u.Name, exit).
		WithHint("its last lines are in %s; mage logs %s shows more", failure.LogFile, u.Name).WithDetail(failure)
}
