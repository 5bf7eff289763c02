package supervisor

import (
	"context"
	"os"
	"sync/atomic"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// plan is what a start command wants of a service.
type plan struct {
	cfg     *config.Config
	svc     config.Service
	env     runtimestore.Environment
	timeout time.Duration // from exec to ready
	request request       // as it came, for the next supervisor
	census  *process.Census
}

// order is a command to the owner of a service: start by plan, or stop.
type order struct {
	plan *plan      // nil means stop
	done chan error // gets the outcome; holds one, so the owner never waits
	run  func()     // called once its process is executed; may be nil
}

// snapshot is what others see of a service; never changed once published.
type snapshot struct {
	ServiceStatus
	svc     config.Service
	id      process.Identity // of the process, zero without one
	logFrom int64            // place where its lines begin
	logFile os.FileInfo      // its log as it was opened; nil when not known
	spent   ledger.Budget
}

// unit is one service. Its goroutine, own, is the only one that touches its
// process and the fields below snap; others send orders and load snap.
type unit struct {
	name   string
	orders chan order
	snap   atomic.Pointer[snapshot]
	emit   func(Event)
	record func() // has the ledger written soon
	flush  func() // writes it now

	plan     *plan
	run      *instance
	waiting  []chan error  // start commands that wait for ready
	started  []func()      // of those that wait for its execution
	owned    bool          // its goroutine was started
	wasReady bool          // since the last start command
	spent    ledger.Budget // restarts since then, those that count
}

// phase is what a unit does between two changes of its state; it returns the next.
type phase func(context.Context) phase

func newUnit(svc config.Service, cfg *config.Config, emit func(Event), ledger *recorder) *unit {
	u := &unit{name: svc.Name, orders: make(chan order), emit: emit, record: ledger.soon, flush: func() { _ = ledger.flush() }} // its tell has the error
	u.snap.Store(&snapshot{svc: svc, ServiceStatus: blank(cfg, svc)})
	return u
}

// own runs the unit until ctx ends; its process ends before it does, or is
// handed over.
func (u *unit) own(ctx context.Context, first phase) {
	for next := first; next != nil; {
		next = next(ctx)
	}
}

// do sends an order and waits for its outcome. executed, if not nil, is called
// as soon as its process runs.
func (u *unit) do(ctx context.Context, p *plan, executed func()) error {
	o := order{plan: p, done: make(chan error, 1), run: executed}
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
			u.record()
			o.done <- nil
			return u.idle
		}
		return u.begin(o)
	}
}

// begin starts afresh for a command: earlier ends and restarts are forgotten.
func (u *unit) begin(o order) phase {
	u.plan, u.wasReady, u.spent = o.plan, false, nil
	u.await(o)
	u.publish(func(s *snapshot) {
		last := s.LastExit
		s.svc, s.ServiceStatus = o.plan.svc, blank(o.plan.cfg, o.plan.svc)
		s.LastExit = last
	})
	return u.starting
}

// await makes a start command wait for ready.
func (u *unit) await(o order) {
	u.waiting = append(u.waiting, o.done)
	if o.run != nil {
		u.started = append(u.started, o.run)
	}
	if u.run != nil {
		u.executed()
	}
}

// executed tells those that wait for no more than that.
func (u *unit) executed() {
	for _, tell := range u.started {
		tell()
	}
	u.started = nil
}

// fail gives the service up with the reason, which the waiting commands get.
func (u *unit) fail(err error) phase {
	f := u.plan.explain(err)
	u.publish(func(s *snapshot) { s.State, s.Ready, s.Reason = StateFailed, false, f.Message })
	u.emit(Event{Event: EventFailed, Service: u.name, Result: "error", Detail: f.Code + ": " + f.Message})
	u.record()
	u.answer(f)
	return u.idle
}

// explain makes the fault that people get of a failure of this service.
func (p *plan) explain(err error) *fault.Error {
	f := *fault.From(err)
	if f.Detail == nil {
		f.Detail = Failure{Service: p.svc.Name, Port: p.svc.Port, Log: []string{}, LogFile: logPath(p.cfg, p.svc.Name)}
	}
	return &f
}

// answer tells the commands that wait for ready.
func (u *unit) answer(err error) {
	for _, done := range u.waiting {
		done <- err
	}
	u.waiting, u.started = nil, nil
}

// publish shows others a changed state.
func (u *unit) publish(change func(*snapshot)) {
	next := *u.snap.Load()
	change(&next)
	next.spent = u.spent
	u.snap.Store(&next)
}

// blank is a service without a process.
func blank(cfg *config.Config, svc config.Service) ServiceStatus {
	return ServiceStatus{
		Name: svc.Name, Runtime: svc.Runtime, State: StateStopped, URL: svc.URL(), Log: logPath(cfg, svc.Name),
	}
}
