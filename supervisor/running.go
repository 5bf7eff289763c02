package supervisor

import (
	"context"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
)

const (
	defaultWindow  = time.Minute // that Restart.Max counts in
	maxBackoff     = 30 * time.Second
	defaultMax     = 5
	defaultBackoff = 500 * time.Millisecond
)

// running watches a service that was ready until it ends, is to stop, or
// evidence of its own state says that it must be started anew.
func (u *unit) running(ctx context.Context) phase {
	var unreadySince time.Time
	for {
		select {
		case o := <-u.run.seen:
			switch {
			case o.liveness:
				return u.hung(o.finding)
			case o.failed:
				unreadySince = u.unready(o.finding, unreadySince)
				if limit := time.Duration(u.plan.svc.UnreadyRestart); limit > 0 && !unreadySince.IsZero() && time.Since(unreadySince) >= limit {
					return u.unreadyTooLong(o.finding, limit)
				}
			case o.passed:
				unreadySince = time.Time{}
				u.readyAgain()
			}
		case <-u.run.ended:
			return u.crashed()
		case o := <-u.orders:
			switch {
			case o.plan == nil:
				return u.stopping(&o)
			case u.snap.Load().Ready:
				o.done <- nil
			default:
				u.await(o)
			}
		case <-ctx.Done():
			return u.left(ctx)
		}
	}
}

func (u *unit) readyAgain() {
	if u.snap.Load().Ready {
		return
	}
	u.publish(func(s *snapshot) { s.Ready, s.Reason = true, "" })
	u.emit(Event{Event: EventReady, Service: u.name, Result: "ok"})
	u.answer(nil)
}

// unready shows lost readiness when that is new, or is so for a new reason. It
// returns since when evidence of the service's own state has been against it.
func (u *unit) unready(f probe.Finding, since time.Time) time.Time {
	s := u.snap.Load()
	reason, own := f.Err.Error(), f.Evidence.Own()
	if own && since.IsZero() {
		since = time.Now()
	}
	if !own {
		since = time.Time{}
	}
	if !s.Ready && s.Reason == reason {
		return since
	}
	u.publish(func(s *snapshot) { s.Ready, s.Reason = false, reason })
	u.emit(Event{Event: EventUnready, Service: u.name, Result: "error", Detail: reason})
	switch limit := time.Duration(u.plan.svc.UnreadyRestart); {
	case !own:
		u.decide(f.Evidence, false, "a restart does not mend "+reason)
	case limit <= 0:
		u.decide(f.Evidence, false, "unready_restart is 0: "+reason)
	default:
		u.decide(f.Evidence, false, fmt.Sprintf("not before it lasts %v: %s", limit, reason))
	}
	return since
}

// hung ends a service whose liveness probe failed.
func (u *unit) hung(f probe.Finding) phase {
	if u.plan.svc.Restart.Policy == "never" || !f.Evidence.Own() {
		u.decide(f.Evidence, false, "no restart by policy: not alive: "+f.Err.Error())
		return u.running
	}
	return u.startAnew(f.Evidence, fmt.Errorf("it is not alive: %w", f.Err))
}

// unreadyTooLong ends a service that lacked its own readiness for too long.
func (u *unit) unreadyTooLong(f probe.Finding, limit time.Duration) phase {
	if u.plan.svc.Restart.Policy == "never" {
		u.decide(f.Evidence, false, "no restart by policy: not ready: "+f.Err.Error())
		return u.running
	}
	return u.startAnew(f.Evidence, fmt.Errorf("it was not ready for %v: %w", limit, f.Err))
}

func (u *unit) startAnew(e probe.Evidence, why error) phase {
	failure := u.run.failure(u.plan, nil)
	u.publish(func(s *snapshot) { s.State, s.Ready = StateStopping, false })
	again := func(how string) phase {
		cause := fault.New("service-exited", "service %q was ended (%s): %w", u.name, how, why).
			WithHint("mage logs %s shows its last lines", u.name).WithDetail(failure)
		return u.retry(e, cause)
	}
	how, err := u.endProcess(u.stopTimeout())
	if err != nil {
		return u.stuck(err, func(exit Exit) phase { return again(exit.String()) })
	}
	return again(how)
}

// crashed decides what follows on the end of a service that nobody asked to end.
func (u *unit) crashed() phase {
	exit := u.collect()
	failure := u.run.failure(u.plan, &exit)
	u.run = nil
	ended := fault.New("service-exited", "service %q ended: %s", u.name, exit).
		WithHint("mage logs %s shows its last lines", u.name).WithDetail(failure)
	clean := exit.Code == 0
	switch policy := u.plan.svc.Restart.Policy; {
	case policy == "never" && !clean:
		u.decide(probe.Exited, false, "policy never: "+exit.String())
		return u.fail(ended)
	case clean && (policy == "never" || policy == "on-failure"):
		u.decide(probe.Exited, false, "policy "+policy+": "+exit.String())
		u.answer(ended)
		u.publish(func(s *snapshot) { s.State, s.Ready = StateStopped, false })
		u.emit(Event{Event: EventStopped, Service: u.name, Result: "ok", Detail: exit.String()})
		u.record()
		return u.idle
	}
	return u.retry(probe.Exited, ended)
}
