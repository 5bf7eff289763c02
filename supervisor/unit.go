package supervisor

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimes"
)

// plan is what a start command wants of a service.
type plan struct {
	cfg     *config.Config
	svc     config.Service
	env     runtimes.Environment
	timeout time.Duration // from exec to ready
}

// order is a command to the owner of a service: start by plan, or stop.
type order struct {
	plan *plan      // nil means stop
	done chan error // gets the outcome; holds one, so the owner never waits
}

// snapshot is what others see of a service; never changed once published.
type snapshot struct {
	ServiceStatus
	id process.Identity // of the process, zero without one
}

// unit is one service. Its goroutine, own, is the only one that touches its
// process and the fields below snap; others send orders and load snap.
type unit struct {
	name   string
	orders chan order
	snap   atomic.Pointer[snapshot]
	emit   func(Event)
	record func() error

	plan     *plan
	run      *instance
	waiting  []chan error // start commands that wait for ready
	wasReady bool         // since the last start command
	crashes  []time.Time  // ends since then, the last minute's
}

// phase is what a unit does between two changes of its state; it returns the next.
type phase func(context.Context) phase

func newUnit(svc config.Service, cfg *config.Config, emit func(Event), record func() error) *unit {
	u := &unit{name: svc.Name, orders: make(chan order), emit: emit, record: record}
	u.snap.Store(&snapshot{ServiceStatus: blank(cfg, svc)})
	return u
}

// own runs the unit until ctx ends; its process ends before it does.
func (u *unit) own(ctx context.Context) {
	for next := phase(u.idle); next != nil; {
		next = next(ctx)
	}
}

// do sends an order and waits for its outcome.
func (u *unit) do(ctx context.Context, p *plan) error {
	o := order{plan: p, done: make(chan error, 1)}
	select {
	case u.orders <- o:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// idle is stopped or failed.
func (u *unit) idle(ctx context.Context) phase {
	select {
	case <-ctx.Done():
		return nil
	case o := <-u.orders:
		if o.plan == nil {
			u.publish(func(s *snapshot) { s.State, s.Reason = StateStopped, "" })
			o.done <- nil
			return u.idle
		}
		return u.begin(o)
	}
}

// begin starts afresh for a command: earlier ends and restarts are forgotten.
func (u *unit) begin(o order) phase {
	u.plan, u.wasReady, u.crashes = o.plan, false, nil
	u.waiting = append(u.waiting, o.done)
	u.publish(func(s *snapshot) {
		last := s.LastExit
		s.ServiceStatus = blank(o.plan.cfg, o.plan.svc)
		s.LastExit = last
	})
	return u.starting
}

// stopping ends the process for an order, or because the supervisor ends (o is nil).
func (u *unit) stopping(o *order) phase {
	return func(context.Context) phase {
		u.answer(errInterrupted())
		u.publish(func(s *snapshot) { s.State, s.Ready = StateStopping, false })
		u.emit(Event{Event: EventStopping, Service: u.name, Result: "ok"})
		detail := u.endProcess(runtimes.StopTimeout(u.plan.svc.Runtime))
		u.publish(func(s *snapshot) { s.State, s.Reason = StateStopped, "" })
		u.emit(Event{Event: EventStopped, Service: u.name, Result: "ok", Detail: detail})
		if o != nil {
			o.done <- nil
		}
		return u.idle
	}
}

// fail gives the service up with the reason, which the waiting commands get.
func (u *unit) fail(err error) phase {
	f := u.explain(err)
	u.publish(func(s *snapshot) { s.State, s.Ready, s.Reason = StateFailed, false, f.Message })
	u.emit(Event{Event: EventFailed, Service: u.name, Result: "error", Detail: f.Code + ": " + f.Message})
	u.answer(f)
	return u.idle
}

// explain makes the fault that people get of a failure of this service.
func (u *unit) explain(err error) *fault.Error {
	f := *fault.From(err)
	if f.Detail == nil {
		f.Detail = Failure{Service: u.name, Port: u.plan.svc.Port, Log: []string{}, LogFile: u.snap.Load().Log}
	}
	return &f
}

// answer tells the commands that wait for ready.
func (u *unit) answer(err error) {
	for _, done := range u.waiting {
		done <- err
	}
	u.waiting = nil
}

// publish shows others a changed state.
func (u *unit) publish(change func(*snapshot)) {
	next := *u.snap.Load()
	change(&next)
	u.snap.Store(&next)
}

// blank is a service without a process.
func blank(cfg *config.Config, svc config.Service) ServiceStatus {
	return ServiceStatus{
		Name: svc.Name, Runtime: svc.Runtime, State: StateStopped, URL: svc.URL(), Log: logPath(cfg, svc.Name),
	}
}
