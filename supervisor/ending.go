package supervisor

import (
	"context"
	"errors"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
)

// errHandover ends the owners of services without ending the services: the
// next supervisor adopts them.
var errHandover = errors.New("the services are handed over")

// left is what a unit does when the supervisor ends.
func (u *unit) left(ctx context.Context) phase {
	if !errors.Is(context.Cause(ctx), errHandover) {
		return u.stopping(nil)
	}
	u.answer(errEnding())
	if u.run != nil {
		u.run.release()
		u.run = nil
	}
	return nil
}

// stopping ends the process for an order, or because the supervisor ends (o is nil).
func (u *unit) stopping(o *order) phase {
	return func(context.Context) phase {
		u.answer(errInterrupted())
		u.publish(func(s *snapshot) { s.State, s.Ready = StateStopping, false })
		u.emit(Event{Event: EventStopping, Service: u.name, Result: "ok"})
		u.record()
		detail, err := u.endProcess(u.stopTimeout())
		if o != nil {
			defer func() { o.done <- err }()
		}
		if err != nil {
			return u.stuck(err, u.stopped)
		}
		return u.stoppedAs(detail)
	}
}

// stoppedAs shows the service stopped; detail says how its process ended.
func (u *unit) stoppedAs(detail string) phase {
	u.publish(func(s *snapshot) { s.State, s.Reason = StateStopped, "" })
	u.emit(Event{Event: EventStopped, Service: u.name, Result: "ok", Detail: detail})
	u.record()
	return u.idle
}

func (u *unit) stopped(exit Exit) phase { return u.stoppedAs(exit.String()) }

// stuck shows that the process does not end, and goes on with next when it has.
// Until then the service is stopping, for whoever asks.
func (u *unit) stuck(err error, next func(Exit) phase) phase {
	f := u.plan.explain(err)
	u.publish(func(s *snapshot) { s.State, s.Ready, s.Reason = StateStopping, false, f.Message })
	u.emit(Event{Event: EventStuck, Service: u.name, Result: "error", Detail: f.Message})
	u.record()
	u.answer(f)
	return func(ctx context.Context) phase { return u.lingering(ctx, f, next) }
}

// lingering waits for the end of a process that SIGKILL did not end at once.
// Commands are refused meanwhile: nothing can be done for them.
func (u *unit) lingering(ctx context.Context, f *fault.Error, next func(Exit) phase) phase {
	for {
		select {
		case <-u.run.ended:
			exit := u.run.collect(time.Time{})
			u.run = nil
			u.processGone(exit)
			return next(exit)
		case <-u.run.seen: // probes go on asking
		case o := <-u.orders:
			o.done <- f
		case <-ctx.Done():
			u.run.release() // the next supervisor finds it in the ledger
			u.run = nil
			return nil
		}
	}
}

func (u *unit) stopTimeout() time.Duration { return stopTimeout(u.plan.svc) }

// stopTimeout is from SIGTERM to SIGKILL.
func stopTimeout(svc config.Service) time.Duration {
	if own := time.Duration(svc.StopTimeout); own > 0 {
		return own
	}
	return runtimestore.StopTimeout(svc.Runtime)
}

// collect takes in the process that ended by itself: its family is swept at once.
func (u *unit) collect() Exit {
	exit := u.run.collect(time.Time{})
	u.processGone(exit)
	u.emit(Event{Event: EventExited, Service: u.name, Result: "error", Detail: exit.String()})
	return exit
}

// endProcess ends the process, if there is one, and says how that went. With the
// fault service-stuck the process is still there.
func (u *unit) endProcess(grace time.Duration) (how string, err error) {
	if u.run == nil {
		return "", nil
	}
	exit, killed, err := u.run.terminate(grace)
	if err != nil {
		return "", err
	}
	u.run = nil
	u.processGone(exit)
	if killed {
		return "killed: it did not end within " + grace.String(), nil
	}
	return exit.String(), nil
}

func (u *unit) processGone(exit Exit) {
	u.publish(func(s *snapshot) {
		s.id, s.PID, s.Live, s.Ready, s.StartedAt, s.LastExit = process.Identity{}, 0, false, false, nil, &exit
	})
	u.record()
}
