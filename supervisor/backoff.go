package supervisor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/flowgate-go/flowgate/internal/boottime"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
)

// decide records what was made of evidence.
func (u *unit) decide(e probe.Evidence, restart bool, reason string) {
	d := Decision{At: now(), Evidence: string(e), Restart: restart, Reason: reason}
	u.publish(func(s *snapshot) { s.Decision = &d })
	name := EventKept
	if restart {
		name = EventRestarting
	}
	u.emit(Event{Event: name, Service: u.name, Result: "ok", Detail: string(e) + ": " + reason})
}

// limits are the start limit of the service with what is not written filled in.
func (u *unit) limits() (most int, window time.Duration) {
	restart := u.plan.svc.Restart
	most, window = restart.Max, restart.Within
	if most <= 0 {
		most = defaultMax
	}
	if window <= 0 {
		window = defaultWindow
	}
	return most, window
}

// retry spends a restart and goes into backoff, or gives up when too many were
// spent lately. The budget is in the ledger: a supervisor that is itself
// restarted goes on with what is left.
func (u *unit) retry(e probe.Evidence, cause error) phase {
	most, window := u.limits()
	u.spent = append(u.spent.Within(window), boottime.Now())
	if len(u.spent) > most {
		f := u.plan.explain(cause)
		f.Message = fmt.Sprintf("%s (given up after %d restarts within %v)", f.Message, most, window)
		u.decide(e, false, fmt.Sprintf("%d restarts within %v are spent: %v", most, window, cause))
		return u.fail(f)
	}
	wait := backoff(u.plan.svc.Restart, len(u.spent))
	u.decide(e, true, fmt.Sprintf("in %v, number %d of %d within %v: %v", wait.Round(time.Millisecond), len(u.spent), most, window, plain(cause)))
	return func(ctx context.Context) phase { return u.backoff(ctx, wait, cause) }
}

// plain is an error without the message of the fault around it.
func plain(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
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
	u.flush() // what is spent must be on disk before it is used: TestARestartIsOnDiskBeforeItIsUsed
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
		return u.left(ctx)
	}
	u.publish(func(s *snapshot) { s.Restarts++ })
	return u.starting
}
