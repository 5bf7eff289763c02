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
func (r *Runner) shutDown(ctx context.Context) phase {
	if !errors.Is(context.Cause(ctx), ErrHandover) {
		return r.stop(nil)
	}
	r.replyToWaiting(control.EndingFault())
	if r.process != nil {
		r.process.Release()
		r.process = nil
	}
	return nil
}

// stop ends the process for a command, or with nil for the end of the supervisor.
func (r *Runner) stop(c *command) phase {
	return func(context.Context) phase {
		r.replyToWaiting(control.InterruptedFault())
		r.publish(func(s *Snapshot) { s.State, s.Ready = control.StateStopping, false })
		r.emit(control.EventStopping, "ok", "")
		r.record()
		detail, err := r.endProcess(r.stopTimeout())
		if c != nil {
			defer func() { c.done <- err }()
		}
		if err != nil {
			return r.markStuck(err, func(exit ledger.Exit) phase { return r.markStopped(exit.String()) })
		}
		return r.markStopped(detail)
	}
}

// markStopped publishes that the service is stopped; detail says how its process
// ended.
func (r *Runner) markStopped(detail string) phase {
	r.publish(func(s *Snapshot) { s.State, s.Reason = control.StateStopped, "" })
	r.emit(control.EventStopped, "ok", detail)
	r.record()
	return r.idle
}

// markStuck publishes that SIGKILL did not end the process, and continues with next when
// it has ended. Until then the service is in the state stopping.
func (r *Runner) markStuck(err error, next func(ledger.Exit) phase) phase {
	f := r.request.AddFailure(err)
	r.publish(func(s *Snapshot) { s.State, s.Ready, s.Reason = control.StateStopping, false, f.Message })
	r.emit(control.EventStuck, "error", f.Message)
	r.record()
	r.replyToWaiting(f)
	return func(ctx context.Context) phase { return r.awaitStuckProcess(ctx, f, next) }
}

// awaitStuckProcess waits for the end of a process that SIGKILL did not end at
// once. It refuses commands with f meanwhile.
func (r *Runner) awaitStuckProcess(ctx context.Context, f *fault.Error, next func(ledger.Exit) phase) phase {
	for {
		select {
		case <-r.process.Ended:
			exit := r.process.Collect(time.Time{})
			r.process = nil
			r.markProcessGone(exit)
			return next(exit)
		case <-r.process.Observations: // the probes still run
		case c := <-r.commands:
			c.done <- f
		case <-ctx.Done():
			r.process.Release() // the next supervisor finds it in the ledger
			r.process = nil
			return nil
		}
	}
}

// stopTimeout returns how long the service may take to end after SIGTERM.
func (r *Runner) stopTimeout() time.Duration { return instance.StopTimeout(r.request.Service) }

// collectExit waits for a process that has ended by itself, and kills at once
// what is left of its family.
func (r *Runner) collectExit() ledger.Exit {
	exit := r.process.Collect(time.Time{})
	r.markProcessGone(exit)
	r.emit(control.EventExited, "error", exit.String())
	return exit
}

// endProcess ends the process, if there is one, and returns a text for people that says
// how it ended. After the fault service-stuck the process still exists.
func (r *Runner) endProcess(timeout time.Duration) (how string, err error) {
	if r.process == nil {
		return "", nil
	}
	exit, killed, err := r.process.Terminate(timeout)
	if err != nil {
		return "", err
	}
	r.process = nil
	r.markProcessGone(exit)
	if killed {
		return "killed: it did not end within " + timeout.String(), nil
	}
	return exit.String(), nil
}

// markProcessGone publishes that the service has no process.
func (r *Runner) markProcessGone(exit ledger.Exit) {
	r.publish(func(s *Snapshot) {
		s.Identity, s.PID, s.Live, s.Ready, s.StartedAt, s.LastExit = process.Identity{}, 0, false, false, nil, &exit
	})
	r.record()
}
