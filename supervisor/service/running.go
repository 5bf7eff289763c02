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
func (u *Runner) watchRunning(ctx context.Context) phase {
	var unreadySince time.Time
	for {
		select {
		case o := <-u.process.Observations:
			switch {
			case o.Liveness:
				return u.restartNotAlive(o.Finding)
			case o.Failed:
				unreadySince = u.markUnready(o.Finding, unreadySince)
				limit := time.Duration(u.request.Service.UnreadyRestart)
				if limit > 0 && !unreadySince.IsZero() && time.Since(unreadySince) >= limit {
					return u.restartUnready(o.Finding, limit)
				}
			case o.Passed:
				unreadySince = time.Time{}
				u.markReadyAgain()
			}
		case <-u.process.Ended:
			return u.handleExit()
		case c := <-u.commands:
			switch {
			case c.start == nil:
				return u.stop(&c)
			case u.snapshot.Load().Ready:
				c.done <- nil
			default:
				u.awaitReady(c)
			}
		case <-ctx.Done():
			return u.shutDown(ctx)
		}
	}
}

// markReadyAgain publishes that a service is ready after it was not.
func (u *Runner) markReadyAgain() {
	if u.snapshot.Load().Ready {
		return
	}
	u.publish(func(s *Snapshot) { s.Ready, s.Reason = true, "" })
	u.emit(control.EventReady, "ok", "")
	u.replyToWaiting(nil)
}

// markUnready publishes lost readiness when it is new or has a new reason. It
// returns since when findings about the service's own state have been bad; since
// is what it returned before.
func (u *Runner) markUnready(f probe.Finding, since time.Time) time.Time {
	s := u.snapshot.Load()
	reason, own := f.Err.Error(), f.Evidence.IsAboutService()
	if own && since.IsZero() {
		since = time.Now()
	}
	if !own {
		since = time.Time{}
	}
	if !s.Ready && s.Reason == reason {
		return since
	}
	u.publish(func(s *Snapshot) { s.Ready, s.Reason = false, reason })
	u.emit(control.EventUnready, "error", reason)
	switch limit := time.Duration(u.request.Service.UnreadyRestart); {
	case !own:
		u.recordDecision(f.Evidence, false, "a restart does not mend "+reason)
	case limit <= 0:
		u.recordDecision(f.Evidence, false, "unready_restart is 0: "+reason)
	default:
		u.recordDecision(f.Evidence, false, fmt.Sprintf("not before it lasts %v: %s", limit, reason))
	}
	return since
}

// restartNotAlive restarts a service whose liveness probe failed, unless its
// restart policy forbids it.
func (u *Runner) restartNotAlive(f probe.Finding) phase {
	if u.request.Service.Restart.Policy == "never" || !f.Evidence.IsAboutService() {
		u.recordDecision(f.Evidence, false, "no restart by policy: not alive: "+f.Err.Error())
		return u.watchRunning
	}
	return u.restartProcess(f.Evidence, fmt.Errorf("it is not alive: %w", f.Err))
}

// restartUnready restarts a service that was not ready for longer than limit,
// unless its restart policy forbids it.
func (u *Runner) restartUnready(f probe.Finding, limit time.Duration) phase {
	if u.request.Service.Restart.Policy == "never" {
		u.recordDecision(f.Evidence, false, "no restart by policy: not ready: "+f.Err.Error())
		return u.watchRunning
	}
	return u.restartProcess(f.Evidence, fmt.Errorf("it was not ready for %v: %w", limit, f.Err))
}

// restartProcess ends the process and starts another after the backoff.
func (u *Runner) restartProcess(e probe.Evidence, why error) phase {
	failure := u.process.Failure(u.request.Service, nil)
	u.publish(func(s *Snapshot) { s.State, s.Ready = control.StateStopping, false })
	retry := func(how string) phase {
		cause := fault.New("service-exited", "service %q was ended (%s): %w", u.name, how, why).
			WithHint("mage logs %s shows its last lines", u.name).WithDetail(failure)
		return u.retryOrGiveUp(e, cause)
	}
	how, err := u.endProcess(u.stopTimeout())
	if err != nil {
		return u.markStuck(err, func(exit ledger.Exit) phase { return retry(exit.String()) })
	}
	return retry(how)
}

// handleExit decides by the restart policy what follows on the end of a process
// that no command stopped.
func (u *Runner) handleExit() phase {
	exit := u.collectExit()
	failure := u.process.Failure(u.request.Service, &exit)
	u.process = nil
	ended := fault.New("service-exited", "service %q ended: %s", u.name, exit).
		WithHint("mage logs %s shows its last lines", u.name).WithDetail(failure)
	succeeded := exit.Code == 0
	switch policy := u.request.Service.Restart.Policy; {
	case policy == "never" && !succeeded:
		u.recordDecision(probe.Exited, false, "policy never: "+exit.String())
		return u.giveUp(ended)
	case succeeded && (policy == "never" || policy == "on-failure"):
		u.recordDecision(probe.Exited, false, "policy "+policy+": "+exit.String())
		u.replyToWaiting(ended)
		u.publish(func(s *Snapshot) { s.State, s.Ready = control.StateStopped, false })
		u.emit(control.EventStopped, "ok", exit.String())
		u.record()
		return u.idle
	}
	return u.retryOrGiveUp(probe.Exited, ended)
}
