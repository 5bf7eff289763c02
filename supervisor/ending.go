package supervisor

import (
	"context"
	"errors"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimes"
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
		detail := u.endProcess(u.stopTimeout())
		u.publish(func(s *snapshot) { s.State, s.Reason = StateStopped, "" })
		u.emit(Event{Event: EventStopped, Service: u.name, Result: "ok", Detail: detail})
		u.record()
		if o != nil {
			o.done <- nil
		}
		return u.idle
	}
}

func (u *unit) stopTimeout() time.Duration { return stopTimeout(u.plan.svc) }

// stopTimeout is from SIGTERM to SIGKILL.
func stopTimeout(svc config.Service) time.Duration {
	if own := time.Duration(svc.StopTimeout); own > 0 {
		return own
	}
	return runtimes.StopTimeout(svc.Runtime)
}

// collect takes in the process that ended by itself: its family is swept at once.
func (u *unit) collect() Exit {
	exit := u.run.collect(time.Time{})
	u.processGone(exit)
	u.emit(Event{Event: EventExited, Service: u.name, Result: "error", Detail: exit.String()})
	return exit
}

// endProcess ends the process, if there is one, and says how that went.
func (u *unit) endProcess(grace time.Duration) string {
	if u.run == nil {
		return ""
	}
	exit, killed := u.run.terminate(grace)
	u.run = nil
	u.processGone(exit)
	if killed {
		return "killed: it did not end within " + grace.String()
	}
	return exit.String()
}

func (u *unit) processGone(exit Exit) {
	u.publish(func(s *snapshot) {
		s.id, s.PID, s.Live, s.Ready, s.StartedAt, s.LastExit = process.Identity{}, 0, false, false, nil, &exit
	})
	u.record()
}
