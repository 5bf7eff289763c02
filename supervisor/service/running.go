package service

import (
	"context"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// watchRunning watches a service that has been ready until its process ends, a
// command stops it, or a probe shows that it must be restarted.
func (r *Runner) watchRunning(ctx context.Context) phase {
	var unreadySince time.Time
	for {
		select {
		case o := <-r.process.Observations:
			switch {
			case o.Liveness:
				return r.restartNotAlive(o.Finding)
			case o.Failed:
				unreadySince = r.markUnready(o.Finding, unreadySince)
				limit := time.Duration(r.request.Service.UnreadyRestart)
				if limit > 0 && !unreadySince.IsZero() && time.Since(unreadySince) >= limit {
					return r.restartUnready(o.Finding, limit)
				}
			case o.Passed:
				unreadySince = time.Time{}
				r.markReadyAgain()
			}
		case <-r.process.Ended:
			return r.handleExit()
		case c := <-r.commands:
			switch {
			case c.start == nil:
				return r.stop(&c)
			case r.snapshot.Load().Ready:
				c.done <- nil
			default:
				r.awaitReady(c)
			}
		case <-ctx.Done():
			return r.shutDown(ctx)
		}
	}
}

// markReadyAgain publishes that a service is ready after it was not.
func (r *Runner) markReadyAgain() {
	if r.snapshot.Load().Ready {
		return
	}
	r.publish(func(s *Snapshot) { s.Ready, s.Reason = true, "" })
	r.emit(control.EventReady, "ok", "")
	r.replyToWaiting(nil)
}

// markUnready publishes lost readiness when it is new or has a new reason. It
// returns since when findings about the service's own state have been bad; since
// is what it returned before.
func (r *Runner) markUnready(f probe.Finding, since time.Time) time.Time {
	s := r.snapshot.Load()
	reason, aboutService := f.Err.Error(), f.Evidence.IsAboutService()
	if aboutService && since.IsZero() {
		since = time.Now()
	}
	if !aboutService {
		since = time.Time{}
	}
	if !s.Ready && s.Reason == reason {
		return since
	}
	r.publish(func(s *Snapshot) { s.Ready, s.Reason = false, reason })
	r.emit(control.EventUnready, "error", reason)
	switch limit := time.Duration(r.request.Service.UnreadyRestart); {
	case !aboutService:
		r.recordDecision(f.Evidence, false, "a restart does not repair "+reason)
	case limit <= 0:
		r.recordDecision(f.Evidence, false, "unready_restart is 0: "+reason)
	default:
		r.recordDecision(f.Evidence, false, fmt.Sprintf("not before it lasts %v: %s", limit, reason))
	}
	return since
}

// restartNotAlive restarts a service whose liveness probe failed, unless its
// restart policy forbids it.
func (r *Runner) restartNotAlive(f probe.Finding) phase {
	if r.request.Service.Restart.Policy == "never" || !f.Evidence.IsAboutService() {
		r.recordDecision(f.Evidence, false, "no restart by policy: not alive: "+f.Err.Error())
		return r.watchRunning
	}
	return r.restartProcess(f.Evidence, fmt.Errorf("it is not alive: %w", f.Err))
}

// restartUnready restarts a service that was not ready for longer than limit,
// unless its restart policy forbids it.
func (r *Runner) restartUnready(f probe.Finding, limit time.Duration) phase {
	if r.request.Service.Restart.Policy == "never" {
		r.recordDecision(f.Evidence, false, "no restart by policy: not ready: "+f.Err.Error())
		return r.watchRunning
	}
	return r.restartProcess(f.Evidence, fmt.Errorf("it was not ready for %v: %w", limit, f.Err))
}

// restartProcess ends the process and starts another after the backoff.
func (r *Runner) restartProcess(e probe.Evidence, why error) phase {
	failure := r.process.Failure(r.request.Service, nil)
	r.publish(func(s *Snapshot) { s.State, s.Ready = control.StateStopping, false })
	retry := func(how string) phase {
		cause := fault.New("service-exited", "service %q was ended (%s): %w", r.name, how, why).
			WithHint("mage logs %s shows its last lines", r.name).WithDetail(failure)
		return r.retryOrGiveUp(e, cause)
	}
	how, err := r.endProcess(r.stopTimeout())
	if err != nil {
		return r.markStuck(err, func(exit ledger.Exit) phase { return retry(exit.String()) })
	}
	return retry(how)
}

// handleExit decides by the restart policy what follows after the end of a process
// that no command stopped.
func (r *Runner) handleExit() phase {
	exit := r.collectExit()
	failure := r.process.Failure(r.request.Service, &exit)
	r.process = nil
	ended := fault.New("service-exited", "service %q ended: %s", r.name, exit).
		WithHint("mage logs %s shows its last lines", r.name).WithDetail(failure)
	succeeded := exit.Code == 0
	switch policy := r.request.Service.Restart.Policy; {
	case policy == "never" && !succeeded:
		r.recordDecision(probe.Exited, false, "policy never: "+exit.String())
		return r.giveUp(ended)
	case succeeded && (policy == "never" || policy == "on-failure"):
		r.recordDecision(probe.Exited, false, "policy "+policy+": "+exit.String())
		r.replyToWaiting(ended)
		r.publish(func(s *Snapshot) { s.State, s.Ready = control.StateStopped, false })
		r.emit(control.EventStopped, "ok", exit.String())
		r.record()
		return r.idle
	}
	return r.retryOrGiveUp(probe.Exited, ended)
}
