package service

import (
	"context"
	"os"
	"sync/atomic"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// command is a command to the owner of a service: start by plan, or stop.
type command struct {
	start  *instance.StartRequest // nil means stop
	done   chan error             // gets the outcome; holds one, so the owner never waits
	onExec func()                 // called once its process is executed; may be nil
}

// Snapshot is what others see of a service; never changed once published.
type Snapshot struct {
	control.ServiceStatus
	Service  config.Service
	Identity process.Identity // of the process, zero without one
	LogFrom  int64            // place where its lines begin
	LogInfo  os.FileInfo      // its log as it was opened; nil when not known
	Budget   ledger.Budget
}

// Runner is one service. Its goroutine, own, is the only one that touches its
// process and the fields below snap; others send orders and load snap.
type Runner struct {
	Name       string
	commands   chan command
	Snapshot   atomic.Pointer[Snapshot]
	emit       func(control.Event)
	recordSoon func() // has the ledger written soon
	recordNow  func() // writes it now

	Request       *instance.StartRequest
	process       *instance.Process
	awaitingReady []chan error  // start commands that wait for ready
	awaitingExec  []func()      // of those that wait for its execution
	Owned         bool          // its goroutine was started
	WasReady      bool          // since the last start command
	budget        ledger.Budget // restarts since then, those that count
}

// Phase is what a unit does between two changes of its state; it returns the next.
type Phase func(context.Context) Phase

func New(svc config.Service, cfg *config.Config, emit func(control.Event), ledger *ledger.Recorder) *Runner {
	u := &Runner{Name: svc.Name, commands: make(chan command), emit: emit, recordSoon: ledger.WriteSoon, recordNow: func() { _ = ledger.WriteNow() }} // its tell has the error
	u.Snapshot.Store(&Snapshot{Service: svc, ServiceStatus: control.StoppedService(cfg, svc)})
	return u
}

// Run runs the unit until ctx ends; its process ends before it does, or is
// handed over.
func (u *Runner) Run(ctx context.Context, first Phase) {
	for next := first; next != nil; {
		next = next(ctx)
	}
}

// Do sends an order and waits for its outcome. executed, if not nil, is called
// as soon as its process runs.
func (u *Runner) Do(ctx context.Context, p *instance.StartRequest, executed func()) error {
	o := command{start: p, done: make(chan error, 1), onExec: executed}
	select {
	case u.commands <- o:
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

// Idle is stopped or failed.
func (u *Runner) Idle(ctx context.Context) Phase {
	select {
	case <-ctx.Done():
		return nil
	case o := <-u.commands:
		if o.start == nil {
			u.publish(func(s *Snapshot) { s.State, s.Reason = control.StateStopped, "" })
			u.recordSoon()
			o.done <- nil
			return u.Idle
		}
		return u.beginStart(o)
	}
}

// beginStart starts afresh for a command: earlier ends and restarts are forgotten.
func (u *Runner) beginStart(o command) Phase {
	u.Request, u.WasReady, u.budget = o.start, false, nil
	u.awaitReady(o)
	u.publish(func(s *Snapshot) {
		last := s.LastExit
		s.Service, s.ServiceStatus = o.start.Service, control.StoppedService(o.start.Config, o.start.Service)
		s.LastExit = last
	})
	return u.startProcess
}

// awaitReady makes a start command wait for ready.
func (u *Runner) awaitReady(o command) {
	u.awaitingReady = append(u.awaitingReady, o.done)
	if o.onExec != nil {
		u.awaitingExec = append(u.awaitingExec, o.onExec)
	}
	if u.process != nil {
		u.notifyExec()
	}
}

// notifyExec tells those that wait for no more than that.
func (u *Runner) notifyExec() {
	for _, tell := range u.awaitingExec {
		tell()
	}
	u.awaitingExec = nil
}

// giveUp gives the service up with the reason, which the waiting commands get.
func (u *Runner) giveUp(err error) Phase {
	f := u.Request.Explain(err)
	u.publish(func(s *Snapshot) { s.State, s.Ready, s.Reason = control.StateFailed, false, f.Message })
	u.emit(control.Event{Event: control.EventFailed, Service: u.Name, Result: "error", Detail: f.Code + ": " + f.Message})
	u.recordSoon()
	u.answerWaiting(f)
	return u.Idle
}

// answerWaiting tells the commands that wait for ready.
func (u *Runner) answerWaiting(err error) {
	for _, done := range u.awaitingReady {
		done <- err
	}
	u.awaitingReady, u.awaitingExec = nil, nil
}

// publish shows others a changed state.
func (u *Runner) publish(change func(*Snapshot)) {
	next := *u.Snapshot.Load()
	change(&next)
	next.Budget = u.budget
	u.Snapshot.Store(&next)
}
