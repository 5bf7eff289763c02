// Package operation carries out commands on the services of one stack: Start, Stop
// and Restart in the order of their dependencies, one command at a time. New makes
// the set of services, Adopt takes over what an earlier supervisor left, Shutdown
// ends it.
//
// Each service has one goroutine, its service.Runner. This package decides only
// which Runner does what, and when.
package operation

import (
	"context"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/service"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// Options are what New needs.
type Options struct {
	Config    *config.Config // of the supervisor; a command brings its own
	Self      string         // path that executes this program
	Version   string         // of this program
	Environ   []string       // what services inherit when a command brings no environment
	Census    *process.Census
	Emit      func(control.Event)
	Recorder  *ledger.Recorder
	OwnFolder func() bool // reports whether the runtime folder is still this supervisor's
	// StayEmpty keeps the services open to commands when the first start executed
	// nothing.
	StayEmpty bool
}

// Services are the services of a stack, each with its Runner.
type Services struct {
	o    Options
	gate *gate

	mu      sync.Mutex // guards runners, order and running
	runners map[string]*service.Runner
	order   []string        // names in start order
	running map[string]bool // Runners whose goroutine was started

	goroutines sync.WaitGroup  // the Runners'
	ctx        context.Context // of the Runners; outlives the commands
	cancel     context.CancelCauseFunc
	adopted    atomic.Bool
}

// New returns a set without services. Call Shutdown at its end.
func New(ctx context.Context, o Options) *Services {
	s := &Services{o: o, gate: newGate(), runners: map[string]*service.Runner{}, running: map[string]bool{}}
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	return s
}

// Shutdown refuses further commands and ends all services, or leaves them running
// when handOver is true. It returns when no Runner is left. A process that does not
// end is in the events and stays in the ledger.
func (s *Services) Shutdown(handOver bool) {
	s.gate.close()
	if handOver {
		s.cancel(service.ErrHandover)
	} else {
		_ = s.stopAll(context.Background(), nil)
		s.cancel(nil)
	}
	s.goroutines.Wait()
}

// IsClosed reports whether commands are refused since the set is about to end.
func (s *Services) IsClosed() bool { return s.gate.isClosed() }

// HasAdopted reports whether Adopt took over a running service.
func (s *Services) HasAdopted() bool { return s.adopted.Load() }

// Snapshots returns the state of each service in start order.
func (s *Services) Snapshots() []*service.Snapshot {
	all := s.all()
	list := make([]*service.Snapshot, 0, len(all))
	for _, runner := range all {
		list = append(list, runner.Snapshot())
	}
	return list
}

// Entries returns the services that the next supervisor must know of.
func (s *Services) Entries() []ledger.Entry {
	list := []ledger.Entry{}
	for _, snapshot := range s.Snapshots() {
		if snapshot.State == control.StateStopped {
			continue
		}
		e := ledger.Entry{
			Name: snapshot.Name, Runtime: snapshot.Runtime, Host: snapshot.Service.Host, Port: snapshot.Service.Port,
			Process: snapshot.Identity, State: snapshot.State, Restarts: snapshot.Restarts, Spent: snapshot.Budget,
			LastExit: snapshot.LastExit, Reason: snapshot.Reason, Decision: snapshot.Decision, LogFrom: snapshot.LogFrom,
			Loaded: snapshot.Loaded,
		}
		if snapshot.StartedAt != nil {
			e.StartedAt = *snapshot.StartedAt
		}
		list = append(list, e)
	}
	return list
}

// Requests returns the commands that the services were last started by. Call it
// after Shutdown.
func (s *Services) Requests() map[string]control.Request {
	requests := map[string]control.Request{}
	for _, runner := range s.all() {
		if request := runner.Request(); request != nil {
			requests[runner.Name()] = request.Command
		}
	}
	return requests
}

// addServices adds the services that cfg has and the set lacks, and takes over
// their order. Services that cfg no longer has stay until they are stopped.
func (s *Services) addServices(cfg *config.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	order := make([]string, 0, len(cfg.Services))
	for _, svc := range cfg.Services {
		order = append(order, svc.Name)
		if s.runners[svc.Name] == nil {
			s.runners[svc.Name] = s.newRunner(svc, cfg)
		}
	}
	for _, name := range s.order {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	s.order = order
}

// newRunner returns a Runner for a service, which is stopped.
func (s *Services) newRunner(svc config.Service, cfg *config.Config) *service.Runner {
	return service.New(svc, cfg, service.Supervisor{Emit: s.o.Emit, Recorder: s.o.Recorder, OwnFolder: s.o.OwnFolder})
}

// run starts the goroutine of a Runner that has none.
func (s *Services) run(runner *service.Runner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[runner.Name()] {
		return
	}
	s.running[runner.Name()] = true
	s.goroutines.Go(func() { runner.Run(s.ctx) })
}

// all returns the Runners in start order.
func (s *Services) all() []*service.Runner {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*service.Runner, 0, len(s.order))
	for _, name := range s.order {
		list = append(list, s.runners[name])
	}
	return list
}

// runner returns the Runner of a service, nil without one.
func (s *Services) runner(name string) *service.Runner {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runners[name]
}

// startRequest returns how a command starts one service.
func (s *Services) startRequest(svc config.Service, q control.Request) *instance.StartRequest {
	r := &instance.StartRequest{
		Config: q.Config, Service: svc, Command: q, Census: s.o.Census,
		Timeout: time.Duration(q.TimeoutMS) * time.Millisecond,
		Env: runtimestore.Environment{
			Self: s.o.Self, Version: s.o.Version, Cwd: q.Cwd, Environ: q.Environ, LookPath: exec.LookPath,
		},
	}
	if r.Timeout <= 0 {
		r.Timeout = runtimestore.StartTimeout(svc.Runtime)
	}
	if r.Env.Environ == nil {
		r.Env.Environ = s.o.Environ
	}
	return r
}
