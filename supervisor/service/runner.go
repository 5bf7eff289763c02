// Package service runs one service: New makes its Runner, whose Run starts,
// watches, restarts and stops the service's process as commands and probes ask
// for it. Start and Stop send commands, Snapshot reads the state.
//
// A Runner is a state machine. Each state is a method that returns the next one
// (a phase): idle, startProcess, waitUntilReady, watchRunning, waitBackoff, stop,
// awaitStuckProcess. Package instance knows one process; this package decides what
// to do about it. The states are in one package, although it has more than 700 lines,
// since each may follow on several others.
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

// command is what the Runner is asked to do: start or stop the service.
type command struct {
	start  *instance.StartRequest // nil means stop
	done   chan error             // gets the result; its buffer of one keeps the Runner from waiting
	onExec func()                 // called once the process is executed; may be nil
}

// Snapshot is the published state of a service. It does not change after it was
// published.
type Snapshot struct {
	control.ServiceStatus
	Service  config.Service
	Identity process.Identity // of the process; zero without one
	LogFrom  int64            // offset in the log at which the process's lines begin
	LogInfo  os.FileInfo      // of the log file as it was opened; nil when not known
	Budget   ledger.Budget    // restarts that count against the limit
	Loaded   *ledger.Loaded   // what the process was started with; nil when not known
}

// Supervisor is what a Runner uses of the supervisor that it belongs to.
type Supervisor struct {
	Emit      func(control.Event)
	Recorder  *ledger.Recorder
	OwnFolder func() bool // reports whether the runtime folder is still this supervisor's
}

// Runner owns one service. Only the goroutine that executes Run touches the
// process and the fields below owner; other goroutines send commands and read
// snapshots.
type Runner struct {
	name     string
	commands chan command
	snapshot atomic.Pointer[Snapshot]
	owner    Supervisor

	first         phase
	request       *instance.StartRequest // the last start command's; nil before the first
	process       *instance.Process      // nil without one
	awaitingReady []chan error           // results of start commands that wait for readiness
	awaitingExec  []func()               // callbacks of those that wait only for the process to exist
	wasReady      bool                   // since the last start command
	budget        ledger.Budget          // restarts since the last start command
}

// phase is one state of a Runner. It returns the next state, nil at the end.
type phase func(context.Context) phase

// New returns a Runner of a stopped service.
func New(svc config.Service, cfg *config.Config, owner Supervisor) *Runner {
	r := &Runner{name: svc.Name, commands: make(chan command), owner: owner}
	r.first = r.idle
	r.snapshot.Store(&Snapshot{Service: svc, ServiceStatus: control.StoppedService(cfg, svc)})
	return r
}

// Name returns the name of the service.
func (r *Runner) Name() string { return r.name }

// Snapshot returns the state of the service. The caller must not change it.
func (r *Runner) Snapshot() *Snapshot { return r.snapshot.Load() }

// Request returns what the service was last started by, nil when it was not. It
// may be called only before Run begins and after it returned.
func (r *Runner) Request() *instance.StartRequest { return r.request }

// Run carries out commands until ctx ends, then ends the process. It leaves the
// process running when the cause of ctx is ErrHandover.
func (r *Runner) Run(ctx context.Context) {
	for next := r.first; next != nil; {
		next = next(ctx)
	}
}

// Start starts the service and waits until it is ready. It calls onExec, if that
// is not nil, as soon as the process exists.
func (r *Runner) Start(ctx context.Context, request *instance.StartRequest, onExec func()) error {
	return r.send(ctx, command{start: request, done: make(chan error, 1), onExec: onExec})
}

// Stop ends the process of the service. Fault: service-stuck.
func (r *Runner) Stop(ctx context.Context) error {
	return r.send(ctx, command{done: make(chan error, 1)})
}

// send sends a command to the Runner and waits for its result.
func (r *Runner) send(ctx context.Context, c command) error {
	select {
	case r.commands <- c:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// idle waits for a command while the service is stopped or failed.
func (r *Runner) idle(ctx context.Context) phase {
	select {
	case <-ctx.Done():
		return nil
	case c := <-r.commands:
		if c.start == nil {
			r.publish(func(s *Snapshot) { s.State, s.Reason = control.StateStopped, "" })
			r.record()
			c.done <- nil
			return r.idle
		}
		return r.beginStart(c)
	}
}

// beginStart starts the service for a command, which resets its restarts.
func (r *Runner) beginStart(c command) phase {
	r.request, r.wasReady, r.budget = c.start, false, nil
	r.awaitReady(c)
	r.publish(func(s *Snapshot) {
		last := s.LastExit
		s.Service, s.ServiceStatus = c.start.Service, control.StoppedService(c.start.Config, c.start.Service)
		s.LastExit = last
	})
	return r.startProcess
}

// awaitReady has a start command wait until the service is ready.
func (r *Runner) awaitReady(c command) {
	r.awaitingReady = append(r.awaitingReady, c.done)
	if c.onExec != nil {
		r.awaitingExec = append(r.awaitingExec, c.onExec)
	}
	if r.process != nil {
		r.notifyExec()
	}
}

// notifyExec calls back the commands that wait only for the process to exist.
func (r *Runner) notifyExec() {
	for _, onExec := range r.awaitingExec {
		onExec()
	}
	r.awaitingExec = nil
}

// giveUp makes the service failed. The waiting commands get the fault.
func (r *Runner) giveUp(err error) phase {
	f := r.request.AddFailure(err)
	r.publish(func(s *Snapshot) { s.State, s.Ready, s.Reason = control.StateFailed, false, f.Message })
	r.emit(control.EventFailed, "error", f.Code+": "+f.Message)
	r.record()
	r.replyToWaiting(f)
	return r.idle
}

// replyToWaiting gives the start commands that wait for readiness their result.
func (r *Runner) replyToWaiting(err error) {
	for _, done := range r.awaitingReady {
		done <- err
	}
	r.awaitingReady, r.awaitingExec = nil, nil
}

// publish replaces the snapshot by a changed copy.
func (r *Runner) publish(change func(*Snapshot)) {
	next := *r.snapshot.Load()
	change(&next)
	next.Budget = r.budget
	r.snapshot.Store(&next)
}

// emit records an event of the service.
func (r *Runner) emit(name, result, detail string) {
	r.owner.Emit(control.Event{Event: name, Service: r.name, Result: result, Detail: detail})
}

// record has the ledger written soon.
func (r *Runner) record() { r.owner.Recorder.WriteSoon() }
