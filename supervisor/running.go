package supervisor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

const (
	crashWindow    = time.Minute // that Restart.Max counts in
	maxBackoff     = 30 * time.Second
	defaultMax     = 5
	defaultBackoff = 500 * time.Millisecond
)

// running watches a service that was ready until it ends or is to stop. Lost
// readiness is shown and nothing more.
func (u *unit) running(ctx context.Context) phase {
	for {
		select {
		case err := <-u.run.probes:
			u.readiness(err)
		case <-u.run.ended:
			return u.crashed()
		case o := <-u.orders:
			switch {
			case o.plan == nil:
				return u.stopping(&o)
			case u.snap.Load().Ready:
				o.done <- nil
			default:
				u.waiting = append(u.waiting, o.done)
			}
		case <-ctx.Done():
			return u.stopping(nil)
		}
	}
}

// readiness shows what a probe found, when it is new.
func (u *unit) readiness(err error) {
	was := u.snap.Load().Ready
	switch {
	case err == nil && !was:
		u.publish(func(s *snapshot) { s.Ready, s.Reason = true, "" })
		u.emit(Event{Event: EventReady, Service: u.name, Result: "ok"})
		u.answer(nil)
	case err != nil && was:
		u.publish(func(s *snapshot) { s.Ready, s.Reason = false, err.Error() })
		u.emit(Event{Event: EventUnready, Service: u.name, Result: "error", Detail: err.Error()})
	}
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
		return u.fail(ended)
	case clean && (policy == "never" || policy == "on-failure"):
		u.answer(ended)
		u.publish(func(s *snapshot) { s.State, s.Ready = StateStopped, false })
		u.emit(Event{Event: EventStopped, Service: u.name, Result: "ok", Detail: exit.String()})
		return u.idle
	}
	u.crashes = append(u.crashes, time.Now())
	return u.retry(ended)
}

// retry goes into backoff, or gives up when there were too many ends lately.
func (u *unit) retry(cause error) phase {
	now := time.Now()
	for len(u.crashes) > 0 && now.Sub(u.crashes[0]) > crashWindow {
		u.crashes = u.crashes[1:]
	}
	restart := u.plan.svc.Restart
	limit := restart.Max
	if limit <= 0 {
		limit = defaultMax
	}
	if len(u.crashes) > limit {
		f := u.explain(cause)
		f.Message = fmt.Sprintf("%s (given up after %d restarts within %v)", f.Message, limit, crashWindow)
		return u.fail(f)
	}
	wait := backoff(restart, len(u.crashes))
	return func(ctx context.Context) phase { return u.backoff(ctx, wait, cause) }
}

// backoff is the wait before restart number n within the window (1, 2, …): doubled
// each time, and shortened at random by up to half so that services that ended
// together do not return together.
func backoff(restart config.Restart, n int) time.Duration {
	wait := restart.Backoff
	if wait <= 0 {
		wait = defaultBackoff
	}
	for ; n > 1 && wait < maxBackoff; n-- {
		wait *= 2
	}
	wait = min(wait, maxBackoff)
	return wait - rand.N(wait/2+1)
}

// backoff waits for the time of the next start; a start command shortens it.
func (u *unit) backoff(ctx context.Context, wait time.Duration, cause error) phase {
	u.publish(func(s *snapshot) { s.State, s.Ready, s.Reason = StateBackoff, false, cause.Error() })
	u.emit(Event{Event: EventRestarting, Service: u.name, Result: "ok",
		Detail: fmt.Sprintf("in %v, number %d within %v", wait.Round(time.Millisecond), len(u.crashes), crashWindow)})
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case o := <-u.orders:
		if o.plan == nil {
			return u.stopping(&o)
		}
		return u.begin(o)
	case <-ctx.Done():
		return u.stopping(nil)
	}
	u.publish(func(s *snapshot) { s.Restarts++ })
	return u.starting
}
