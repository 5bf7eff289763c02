package service

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
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// recordDecision records what was made of evidence.
func (u *Runner) recordDecision(e probe.Evidence, restart bool, reason string) {
	d := control.Decision{At: ledger.Timestamp(), Evidence: string(e), Restart: restart, Reason: reason}
	u.publish(func(s *Snapshot) { s.Decision = &d })
	name := control.EventKept
	if restart {
		name = control.EventRestarting
	}
	u.emit(control.Event{Event: name, Service: u.Name, Result: "ok", Detail: string(e) + ": " + reason})
}

// restartLimit are the start limit of the service with what is not written filled in.
func (u *Runner) restartLimit() (most int, window time.Duration) {
	restart := u.Request.Service.Restart
	most, window = restart.Max, restart.Within
	if most <= 0 {
		most = defaultMaxRestarts
	}
	if window <= 0 {
		window = defaultRestartWindow
	}
	return most, window
}

// retryOrGiveUp spends a restart and goes into backoff, or gives up when too many were
// spent lately. The budget is in the ledger: a supervisor that is itself
// restarted goes on with what is left.
func (u *Runner) retryOrGiveUp(e probe.Evidence, cause error) Phase {
	most, window := u.restartLimit()
	u.budget = append(u.budget.Within(window), boottime.Now())
	if len(u.budget) > most {
		f := u.Request.Explain(cause)
		f.Message = fmt.Sprintf("%s (given up after %d restarts within %v)", f.Message, most, window)
		u.recordDecision(e, false, fmt.Sprintf("%d restarts within %v are spent: %v", most, window, cause))
		return u.giveUp(f)
	}
	wait := backoffDuration(u.Request.Service.Restart, len(u.budget))
	u.recordDecision(e, true, fmt.Sprintf("in %v, number %d of %d within %v: %v", wait.Round(time.Millisecond), len(u.budget), most, window, messageOf(cause)))
	return func(ctx context.Context) Phase { return u.waitBackoff(ctx, wait, cause) }
}

// messageOf is an error without the message of the fault around it.
func messageOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
}

// backoffDuration is the wait before restart number n within the window (1, 2, …): doubled
// each time, and shortened at random by up to half so that services that ended
// together do not return together.
func backoffDuration(restart config.Restart, n int) time.Duration {
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

// waitBackoff waits for the time of the next start; a start command shortens it.
func (u *Runner) waitBackoff(ctx context.Context, wait time.Duration, cause error) Phase {
	u.publish(func(s *Snapshot) { s.State, s.Ready, s.Reason = control.StateBackoff, false, cause.Error() })
	u.recordNow() // what is spent must be on disk before it is used: TestARestartIsOnDiskBeforeItIsUsed
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case o := <-u.commands:
		if o.start == nil {
			return u.stop(&o)
		}
		return u.beginStart(o)
	case <-ctx.Done():
		return u.onShutdown(ctx)
	}
	u.publish(func(s *Snapshot) { s.Restarts++ })
	return u.startProcess
}
