package service

import (
	"context"
	"errors"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// ErrHandover is the cause that ends Runners without ending their processes: the
// next supervisor adopts them.
var ErrHandover = errors.New("the services are handed over")

// shutDown ends the Runner: it stops the service, or leaves its process to the
// next supervisor when the cause of ctx is ErrHandover.
func (u *Runner) shutDown(ctx context.Context) phase {
	if !errors.Is(context.Cause(ctx), ErrHandover) {
		return u.stop(nil)
	}
	u.replyToWaiting(control.EndingFault())
	if u.process != nil {
		u.process.Release()
		u.process = nil
	}
	return nil
}

// stop ends the process for a command, or with nil for the end of the supervisor.
func (u *Runner) stop(c *command) phase {
	return func(context.Context) phase {
		u.replyToWaiting(control.InterruptedFault())
		u.publish(func(s *Snapshot) { s.State, s.Ready = control.StateStopping, false })
		u.emit(control.EventStopping, "ok", "")
		u.record()
		detail, err := u.endProcess(u.stopTimeout())
		if c != nil {
			defer func() { c.done <- err }()
		}
		if err != nil {
			return u.markStuck(err, func(exit ledger.Exit) phase { return u.markStopped(exit.String()) })
		}
		return u.markStopped(detail)
	}
}

// markStopped publishes that the service is stopped; detail says how its process
// ended.
func (u *Runner) markStopped(detail string) phase {
	u.publish(func(s *Snapshot) { s.State, s.Reason = control.StateStopped, "" })
	u.emit(control.EventStopped, "ok", detail)
	u.record()
	return u.idle
}

// markStuck publishes that SIGKILL did not end the process, and goes on with next
// when it has ended. Until then the service is in the state stopping.
func (u *Runner) markStuck(err error, next func(ledger.Exit) phase) phase {
	f := u.request.AddFailure(err)
	u.publish(func(s *Snapshot) { s.State, s.Ready, s.Reason = control.StateStopping, false, f.Message })
	u.emit(control.EventStuck, "error", f.Message)
	u.record()
	u.replyToWaiting(f)
	return func(ctx context.Context) phase { return u.awaitStuckProcess(ctx, f, next) }
}

// awaitStuckProcess waits for the end of a process that SIGKILL did not end at
// once. It refuses commands with f meanwhile.
func (u *Runner) awaitStuckProcess(ctx context.Context, f *fault.Error, next func(ledger.Exit) phase) phase {
	for {
		select {
		case <-u.process.Ended:
			exit := u.process.Collect(time.Time{})
			u.process = nil
			u.markProcessGone(exit)
			return next(exit)
		case <-u.process.Observations: // the probes still run
		case c := <-u.commands:
			c.done <- f
		case <-ctx.Done():
			u.process.Release() // the next supervisor finds it in the ledger
			u.process = nil
			return nil
		}
	}
}

func (u *Runner) stopTimeout() time.Duration { return instance.StopTimeout(u.request.Service) }

// collectExit waits for a process that has ended by itself, and kills at once
// what is left of its family.
func (u *Runner) collectExit() ledger.Exit {
	exit := u.process.Collect(time.Time{})
	u.markProcessGone(exit)
	u.emit(control.EventExited, "error", exit.String())
	return exit
}

// endProcess ends the process, if there is one, and returns for people how it
// ended. After the fault service-stuck the process still exists.
func (u *Runner) endProcess(timeout time.Duration) (how string, err error) {
	if u.process == nil {
		return "", nil
	}
	exit, killed, err := u.process.Terminate(timeout)
	if err != nil {
		return "", err
	}
	u.process = nil
	u.markProcessGone(exit)
	if killed {
		return "killed: it did not end within " + timeout.String(), nil
	}
	return exit.String(), nil
}

// markProcessGone publishes that the service has no process.
func (u *Runner) markProcessGone(exit ledger.Exit) {
	u.publish(func(s *Snapshot) {
		s.Identity, s.PID, s.Live, s.Ready, s.StartedAt, s.LastExit = process.Identity{}, 0, false, false, nil, &exit
	})
	u.record()
}
