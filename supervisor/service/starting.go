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
func (r *Runner) startProcess(ctx context.Context) phase {
	r.publish(func(s *Snapshot) { s.State, s.Ready = control.StateStarting, false })
	r.emit(control.EventStarting, "ok", "")
	p, err := instance.Launch(ctx, r.request)
	if err != nil {
		return r.handleStartFailure(err)
	}
	r.setProcess(p)
	return r.waitUntilReady
}

// setProcess makes p the service's process and publishes it.
func (r *Runner) setProcess(p *instance.Process) {
	r.process = p
	r.publish(func(s *Snapshot) {
		s.LogInfo, s.LogFrom, s.Loaded = p.LogInfo, p.LogFrom, p.Loaded
		s.Identity, s.PID, s.Live = p.Leader(), p.Leader().PID, true
		s.StartedAt, s.Version = &p.Started, p.Spec.Version
	})
	r.record()
	r.notifyExec()
}

// waitUntilReady waits for the first readiness of a process, no longer than the
// start's timeout.
func (r *Runner) waitUntilReady(ctx context.Context) phase {
	deadline := time.NewTimer(r.request.Timeout)
	defer deadline.Stop()
	var last probe.Finding
	for {
		select {
		case o := <-r.process.Observations:
			last = o.Finding
			if !o.Passed || o.Liveness {
				continue
			}
			listens, err := r.process.CheckListener(r.request.Service)
			if err != nil {
				return r.abortStart(err)
			}
			if listens {
				return r.markReady()
			}
		case <-r.process.Ended:
			return r.handleStartFailure(r.collectExitBeforeReady())
		case <-deadline.C:
			failure := r.process.Failure(r.request.Service, nil)
			return r.abortStart(r.request.TimeoutFault(last, failure))
		case c := <-r.commands:
			if c.start == nil {
				return r.stop(&c)
			}
			r.awaitReady(c)
		case <-ctx.Done():
			return r.shutDown(ctx)
		}
	}
}

// markReady publishes the first readiness of a process.
func (r *Runner) markReady() phase {
	close(r.process.FirstReady)
	r.wasReady = true
	r.publish(func(s *Snapshot) { s.State, s.Ready, s.Reason = control.StateRunning, true, "" })
	r.emit(control.EventReady, "ok", "")
	r.record()
	r.replyToWaiting(nil)
	return r.watchRunning
}

// abortStart ends a process that did not get ready.
func (r *Runner) abortStart(cause error) phase {
	if _, err := r.endProcess(abortTimeout); err != nil {
		return r.markStuck(err, func(ledger.Exit) phase { return r.handleStartFailure(cause) })
	}
	return r.handleStartFailure(cause)
}

// handleStartFailure gives up a start that a command asked for. A restart is tried again
// within the restart limit.
func (r *Runner) handleStartFailure(err error) phase {
	if !r.wasReady {
		return r.giveUp(err)
	}
	return r.retryOrGiveUp(probe.Exited, err)
}

// collectExitBeforeReady collects a process that ended before it was ready, and returns
// the fault, whatever its exit status: CLIProxyAPI exits with 0 when its port is taken.
func (r *Runner) collectExitBeforeReady() error {
	exit := r.collectExit()
	failure := r.process.Failure(r.request.Service, &exit)
	r.process = nil
	return fault.New("start-failed", "service %q ended before it was ready: %s", r.name, exit).
		WithHint("its last lines are in %s; mage logs %s shows more", failure.LogFile, r.name).WithDetail(failure)
}
