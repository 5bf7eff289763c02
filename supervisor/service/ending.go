package service

import (
	"context"
	"errors"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// ErrHandover ends the owners of services without ending the services: the
// next supervisor adopts them.
var ErrHandover = errors.New("the services are handed over")

// onShutdown is what a unit does when the supervisor ends.
func (u *Runner) onShutdown(ctx context.Context) Phase {
	if !errors.Is(context.Cause(ctx), ErrHandover) {
		return u.stop(nil)
	}
	u.answerWaiting(control.EndingFault())
	if u.process != nil {
		u.process.Release()
		u.process = nil
	}
	return nil
}

// stop ends the process for an order, or because the supervisor ends (o is nil).
func (u *Runner) stop(o *command) Phase {
	return func(context.Context) Phase {
		u.answerWaiting(control.InterruptedFault())
		u.publish(func(s *Snapshot) { s.State, s.Ready = control.StateStopping, false })
		u.emit(control.Event{Event: control.EventStopping, Service: u.Name, Result: "ok"})
		u.recordSoon()
		detail, err := u.endProcess(u.stopTimeout())
		if o != nil {
			defer func() { o.done <- err }()
		}
		if err != nil {
			return u.markStuck(err, u.stopped)
		}
		return u.markStopped(detail)
	}
}

// markStopped shows the service stopped; detail says how its process ended.
func (u *Runner) markStopped(detail string) Phase {
	u.publish(func(s *Snapshot) { s.State, s.Reason = control.StateStopped, "" })
	u.emit(control.Event{Event: control.EventStopped, Service: u.Name, Result: "ok", Detail: detail})
	u.recordSoon()
	return u.Idle
}

func (u *Runner) stopped(exit control.Exit) Phase { return u.markStopped(exit.String()) }

// markStuck shows that the process does not end, and goes on with next when it has.
// Until then the service is stopping, for whoever asks.
func (u *Runner) markStuck(err error, next func(control.Exit) Phase) Phase {
	f := u.Request.Explain(err)
	u.publish(func(s *Snapshot) { s.State, s.Ready, s.Reason = control.StateStopping, false, f.Message })
	u.emit(control.Event{Event: control.EventStuck, Service: u.Name, Result: "error", Detail: f.Message})
	u.recordSoon()
	u.answerWaiting(f)
	return func(ctx context.Context) Phase { return u.awaitStuckProcess(ctx, f, next) }
}

// awaitStuckProcess waits for the end of a process that SIGKILL did not end at once.
// Commands are refused meanwhile: nothing can be done for them.
func (u *Runner) awaitStuckProcess(ctx context.Context, f *fault.Error, next func(control.Exit) Phase) Phase {
	for {
		select {
		case <-u.process.Ended:
			exit := u.process.Collect(time.Time{})
			u.process = nil
			u.markProcessGone(exit)
			return next(exit)
		case <-u.process.Observations: // probes go on asking
		case o := <-u.commands:
			o.done <- f
		case <-ctx.Done():
			u.process.Release() // the next supervisor finds it in the ledger
			u.process = nil
			return nil
		}
	}
}

func (u *Runner) stopTimeout() time.Duration { return instance.StopTimeout(u.Request.Service) }

// collectExit takes in the process that ended by itself: its family is swept at once.
func (u *Runner) collectExit() control.Exit {
	exit := u.process.Collect(time.Time{})
	u.markProcessGone(exit)
	u.emit(control.Event{Event: control.EventExited, Service: u.Name, Result: "error", Detail: exit.String()})
	return exit
}

// endProcess ends the process, if there is one, and says how that went. With the
// fault service-stuck the process is still there.
func (u *Runner) endProcess(grace time.Duration) (how string, err error) {
	if u.process == nil {
		return "", nil
	}
	exit, killed, err := u.process.Terminate(grace)
	if err != nil {
		return "", err
	}
	u.process = nil
	u.markProcessGone(exit)
	if killed {
		return "killed: it did not end within " + grace.String(), nil
	}
	return exit.String(), nil
}

func (u *Runner) markProcessGone(exit control.Exit) {
	u.publish(func(s *Snapshot) {
		s.Identity, s.PID, s.Live, s.Ready, s.StartedAt, s.LastExit = process.Identity{}, 0, false, false, nil, &exit
	})
	u.recordSoon()
}
