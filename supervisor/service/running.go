package service

import (
	"context"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

const (
	defaultRestartWindow = time.Minute // that Restart.Max counts in
	maxBackoff           = 30 * time.Second
	defaultMaxRestarts   = 5
	defaultBackoff       = 500 * time.Millisecond
)

// watchRunning watches a service that was ready until it ends, is to stop, or
// evidence of its own state says that it must be started anew.
func (u *Runner) watchRunning(ctx context.Context) Phase {
	var unreadySince time.Time
	for {
		select {
		case o := <-u.process.Observations:
			switch {
			case o.Liveness:
				return u.restartHung(o.Finding)
			case o.Failed:
				unreadySince = u.markUnready(o.Finding, unreadySince)
				if limit := time.Duration(u.Request.Service.UnreadyRestart); limit > 0 && !unreadySince.IsZero() && time.Since(unreadySince) >= limit {
					return u.restartUnready(o.Finding, limit)
				}
			case o.Passed:
				unreadySince = time.Time{}
				u.markReadyAgain()
			}
		case <-u.process.Ended:
			return u.handleExit()
		case o := <-u.commands:
			switch {
			case o.start == nil:
				return u.stop(&o)
			case u.Snapshot.Load().Ready:
				o.done <- nil
			default:
				u.awaitReady(o)
			}
		case <-ctx.Done():
			return u.onShutdown(ctx)
		}
	}
}

func (u *Runner) markReadyAgain() {
	if u.Snapshot.Load().Ready {
		return
	}
	u.publish(func(s *Snapshot) { s.Ready, s.Reason = true, "" })
	u.emit(control.Event{Event: control.EventReady, Service: u.Name, Result: "ok"})
	u.answerWaiting(nil)
}

// markUnready shows lost readiness when that is new, or is so for a new reason. It
// returns since when evidence of the service's own state has been against it.
func (u *Runner) markUnready(f probe.Finding, since time.Time) time.Time {
	s := u.Snapshot.Load()
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
	u.emit(control.Event{Event: control.EventUnready, Service: u.Name, Result: "error", Detail: reason})
	switch limit := time.Duration(u.Request.Service.UnreadyRestart); {
	case !own:
		u.recordDecision(f.Evidence, false, "a restart does not mend "+reason)
	case limit <= 0:
		u.recordDecision(f.Evidence, false, "unready_restart is 0: "+reason)
	default:
		u.recordDecision(f.Evidence, false, fmt.Sprintf("not before it lasts %v: %s", limit, reason))
	}
	return since
}

// restartHung ends a service whose liveness probe failed.
func (u *Runner) restartHung(f probe.Finding) Phase {
	if u.Request.Service.Restart.Policy == "never" || !f.Evidence.IsAboutService() {
		u.recordDecision(f.Evidence, false, "no restart by policy: not alive: "+f.Err.Error())
		return u.watchRunning
	}
	return u.restartProcess(f.Evidence, fmt.Errorf("it is not alive: %w", f.Err))
}

// restartUnready ends a service that lacked its own readiness for too long.
func (u *Runner) restartUnready(f probe.Finding, limit time.Duration) Phase {
	if u.Request.Service.Restart.Policy == "never" {
		u.recordDecision(f.Evidence, false, "no restart by policy: not ready: "+f.Err.Error())
		return u.watchRunning
	}
	return u.restartProcess(f.Evidence, fmt.Errorf("it was not ready for %v: %w", limit, f.Err))
}

func (u *Runner) restartProcess(e probe.Evidence, why error) Phase {
	failure := u.process.Failure(u.Request, nil)
	u.publish(func(s *Snapshot) { s.State, s.Ready = control.StateStopping, false })
	again := func(how string) Phase {
		cause := fault.New("service-exited", "service %q was ended (%s): %w", u.Name, how, why).
			WithHint("mage logs %s shows its last lines", u.Name).WithDetail(failure)
		return u.retryOrGiveUp(e, cause)
	}
	how, err := u.endProcess(u.stopTimeout())
	if err != nil {
		return u.markStuck(err, func(exit control.Exit) Phase { return again(exit.String()) })
	}
	return again(how)
}

// handleExit decides what follows on the end of a service that nobody asked to end.
func (u *Runner) handleExit() Phase {
	exit := u.collectExit()
	failure := u.process.Failure(u.Request, &exit)
	u.process = nil
	ended := fault.New("service-exited", "service %q ended: %s", u.Name, exit).
		WithHint("mage logs %s shows its last lines", u.Name).WithDetail(failure)
	clean := exit.Code == 0
	switch policy := u.Request.Service.Restart.Policy; {
	case policy == "never" && !clean:
		u.recordDecision(probe.Exited, false, "policy never: "+exit.String())
		return u.giveUp(ended)
	case clean && (policy == "never" || policy == "on-failure"):
		u.recordDecision(probe.Exited, false, "policy "+policy+": "+exit.String())
		u.answerWaiting(ended)
		u.publish(func(s *Snapshot) { s.State, s.Ready = control.StateStopped, false })
		u.emit(control.Event{Event: control.EventStopped, Service: u.Name, Result: "ok", Detail: exit.String()})
		u.recordSoon()
		return u.Idle
	}
	return u.retryOrGiveUp(probe.Exited, ended)
}
