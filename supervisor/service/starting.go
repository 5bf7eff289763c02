package service

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// abortTimeout is how long a process that did not get ready may take to end
// after SIGTERM.
const abortTimeout = 2 * time.Second

// startProcess executes the service's program.
func (u *Runner) startProcess(ctx context.Context) phase {
	u.publish(func(s *Snapshot) { s.State, s.Ready = control.StateStarting, false })
	u.emit(control.EventStarting, "ok", "")
	p, err := instance.Launch(ctx, u.request)
	if err != nil {
		return u.startFailed(err)
	}
	u.setProcess(p)
	return u.waitUntilReady
}

// setProcess makes p the service's process and publishes it.
func (u *Runner) setProcess(p *instance.Process) {
	u.process = p
	u.publish(func(s *Snapshot) {
		s.LogInfo, s.LogFrom = p.LogInfo, p.LogFrom
		s.Identity, s.PID, s.Live = p.Leader(), p.Leader().PID, true
		s.StartedAt, s.Version = &p.Started, p.Spec.Version
	})
	u.record()
	u.notifyExec()
}

// waitUntilReady waits for the first readiness of a process, no longer than the
// start's timeout.
func (u *Runner) waitUntilReady(ctx context.Context) phase {
	deadline := time.NewTimer(u.request.Timeout)
	defer deadline.Stop()
	var last probe.Finding
	for {
		select {
		case o := <-u.process.Observations:
			last = o.Finding
			if !o.Passed || o.Liveness {
				continue
			}
			listens, err := u.process.CheckListener(u.request.Service)
			if err != nil {
				return u.abortStart(err)
			}
			if listens {
				return u.markReady()
			}
		case <-u.process.Ended:
			return u.startFailed(u.exitBeforeReady())
		case <-deadline.C:
			failure := u.process.Failure(u.request.Service, nil)
			return u.abortStart(u.request.TimeoutFault(last, failure))
		case c := <-u.commands:
			if c.start == nil {
				return u.stop(&c)
			}
			u.awaitReady(c)
		case <-ctx.Done():
			return u.shutDown(ctx)
		}
	}
}

// markReady publishes the first readiness of a process.
func (u *Runner) markReady() phase {
	close(u.process.FirstReady)
	u.wasReady = true
	u.publish(func(s *Snapshot) { s.State, s.Ready, s.Reason = control.StateRunning, true, "" })
	u.emit(control.EventReady, "ok", "")
	u.record()
	u.replyToWaiting(nil)
	return u.watchRunning
}

// abortStart ends a process that did not get ready.
func (u *Runner) abortStart(cause error) phase {
	if _, err := u.endProcess(abortTimeout); err != nil {
		return u.markStuck(err, func(ledger.Exit) phase { return u.startFailed(cause) })
	}
	return u.startFailed(cause)
}

// startFailed gives up a start that a command asked for. A restart is tried again
// within the restart limit.
func (u *Runner) startFailed(err error) phase {
	if !u.wasReady {
		return u.giveUp(err)
	}
	return u.retryOrGiveUp(probe.Exited, err)
}

// exitBeforeReady returns the fault of a process that ended before it was ready,
// whatever its exit status: CLIProxyAPI exits with 0 when its port is taken.
func (u *Runner) exitBeforeReady() error {
	exit := u.collectExit()
	failure := u.process.Failure(u.request.Service, &exit)
	u.process = nil
	return fault.New("start-failed", "service %q ended before it was ready: %s", u.name, exit).
		WithHint("its last lines are in %s; mage logs %s shows more", failure.LogFile, u.name).WithDetail(failure)
}
