package service

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/flowgate-go/flowgate/internal/boottime"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// maxBackoff bounds the wait before a restart, which doubles each time.
const maxBackoff = 30 * time.Second

// folderCheckInterval is the time between two looks at a runtime folder that has
// to be this supervisor's again before a restart.
const folderCheckInterval = 200 * time.Millisecond

// recordDecision publishes what was decided on evidence about the service.
func (r *Runner) recordDecision(e probe.Evidence, restart bool, reason string) {
	d := ledger.Decision{At: ledger.Timestamp(), Evidence: string(e), Restart: restart, Reason: reason}
	r.publish(func(s *Snapshot) { s.Decision = &d })
	name := control.EventKept
	if restart {
		name = control.EventRestarting
	}
	r.emit(name, "ok", string(e)+": "+reason)
}

// retryOrGiveUp spends a restart and waits for the backoff, or gives up when the
// restart limit is reached. The restarts are in the ledger: a supervisor that is
// itself restarted continues with what is left of them.
func (r *Runner) retryOrGiveUp(e probe.Evidence, cause error) phase {
	restart := r.request.Service.Restart.WithDefaults()
	r.budget = append(r.budget.Within(restart.Within), boottime.Now())
	spent := len(r.budget)
	if spent > restart.Max {
		f := r.request.AddFailure(cause)
		f.Message = fmt.Sprintf("%s (given up after %d restarts within %v)", f.Message, restart.Max, restart.Within)
		reason := fmt.Sprintf("%d restarts within %v are spent: %v", restart.Max, restart.Within, cause)
		r.recordDecision(e, false, reason)
		return r.giveUp(f)
	}
	wait := backoffDuration(restart.Backoff, spent)
	r.recordDecision(e, true, fmt.Sprintf("in %v, number %d of %d within %v: %v",
		wait.Round(time.Millisecond), spent, restart.Max, restart.Within, messageOf(cause)))
	return func(ctx context.Context) phase { return r.waitBackoff(ctx, wait, cause) }
}

// messageOf returns the message of an error without what wraps its fault.
func messageOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
}

// backoffDuration returns the wait before restart number n (1, 2, …): first
// doubled n-1 times, at most maxBackoff, and shortened at random by up to half, so
// that services that ended together do not restart together.
func backoffDuration(first time.Duration, n int) time.Duration {
	wait := first
	for ; n > 1 && wait < maxBackoff; n-- {
		wait *= 2
	}
	wait = min(wait, maxBackoff)
	return wait - rand.N(wait/2+1)
}

// waitBackoff waits before the next start. A start command ends the wait. It also
// waits while the runtime folder is not this supervisor's: another supervisor may
// have taken it and stopped the service.
func (r *Runner) waitBackoff(ctx context.Context, wait time.Duration, cause error) phase {
	r.publish(func(s *Snapshot) { s.State, s.Ready, s.Reason = control.StateBackoff, false, cause.Error() })
	// A restart must be on disk before it happens (TestARestartIsOnDiskBeforeItIsUsed). The recorder reports the error.
	_ = r.owner.Recorder.WriteNow()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for waited := false; !waited; {
		select {
		case <-timer.C:
			waited = r.owner.OwnFolder()
			timer.Reset(folderCheckInterval)
		case c := <-r.commands:
			if c.start == nil {
				return r.stop(&c)
			}
			return r.beginStart(c)
		case <-ctx.Done():
			return r.shutDown(ctx)
		}
	}
	r.publish(func(s *Snapshot) { s.Restarts++ })
	return r.startProcess
}
