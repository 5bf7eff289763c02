package operation

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/service"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// replyMargin is how long, beyond its start timeout and its stop timeout, a Runner
// may take to report a failed start.
const replyMargin = 10 * time.Second

// Start starts the services that q names, and those that they depend on. A service
// starts when its dependencies are ready; services without any start at once. When
// the first start executes nothing, since a program or a key is missing, the set
// closes unless Options.StayEmpty is set.
func (s *Services) Start(ctx context.Context, q control.Request) error {
	ctx, leave, err := s.gate.enter(ctx, false)
	if err != nil {
		return err
	}
	defer leave()
	err = s.start(ctx, q)
	if err != nil && !s.o.StayEmpty && !slices.ContainsFunc(s.Snapshots(), hasRun) {
		s.gate.close()
	}
	return err
}

// hasRun reports whether a service has a process, or had one whose end is to be
// kept.
func hasRun(s *service.Snapshot) bool {
	return control.IsActive(s.State) || s.LastExit != nil || s.PID != 0
}

// Stop stops the services that q names, all when it names none. The set closes with
// the last service. A stop interrupts a start, and continues when ctx ends.
func (s *Services) Stop(ctx context.Context, q control.Request) error {
	ctx, leave, err := s.gate.enter(context.WithoutCancel(ctx), true)
	if err != nil {
		return err
	}
	defer leave()
	names, err := control.SelectServices(q.Config, q.Services)
	if err != nil {
		return err
	}
	if len(q.Services) == 0 { // also services that the configuration no longer has
		names = nil
	}
	err = s.stopAll(ctx, names)
	isActive := func(s *service.Snapshot) bool { return control.IsActive(s.State) }
	if !slices.ContainsFunc(s.Snapshots(), isActive) {
		s.gate.close()
	}
	return err
}

// Restart stops and starts services with no other command in between. It stops
// nothing when a start is sure to fail. It continues when ctx ends, since the
// services would stay stopped.
func (s *Services) Restart(ctx context.Context, q control.Request) error {
	ctx, leave, err := s.gate.enter(context.WithoutCancel(ctx), false)
	if err != nil {
		return err
	}
	defer leave()
	names, err := control.SelectServices(q.Config, q.Services)
	if err != nil {
		return err
	}
	if err := s.checkRestartable(ctx, q, names); err != nil {
		return err
	}
	if err := s.stopAll(ctx, names); err != nil {
		return err
	}
	return s.start(ctx, q)
}

// CloseAfter runs f when no other command runs, and closes the set if f returns
// nil.
func (s *Services) CloseAfter(ctx context.Context, f func(context.Context) error) error {
	ctx, leave, err := s.gate.enter(context.WithoutCancel(ctx), false)
	if err != nil {
		return err
	}
	defer leave()
	if err := f(ctx); err != nil {
		return err
	}
	s.gate.close()
	return nil
}

// start starts services and their dependencies; its caller is inside the gate.
func (s *Services) start(ctx context.Context, q control.Request) error {
	names, err := control.SelectServices(q.Config, q.Services)
	if err != nil {
		return err
	}
	wanted := withDependencies(q.Config, names)
	s.addServices(q.Config)
	reached := make(map[string]*milestones, len(wanted))
	for _, svc := range wanted {
		s.run(s.runner(svc.Name))
		reached[svc.Name] = newMilestones()
	}
	failed, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	errs := make([]error, len(wanted))
	var starts sync.WaitGroup
	for i, svc := range wanted {
		starts.Go(func() {
			errs[i] = s.startOne(ctx, failed, s.startRequest(svc, q), reached)
			if errs[i] != nil {
				fail(errs[i])
			}
		})
	}
	starts.Wait()
	return cmp.Or(errs...) // the first in start order is the nearest to the cause
}

// startOne waits for the dependencies of a service, then starts it. When another
// service fails meanwhile, it starts nothing and returns nil.
func (s *Services) startOne(
	ctx, failed context.Context,
	r *instance.StartRequest,
	reached map[string]*milestones,
) error {
	if !awaitDependencies(failed, r.Service, reached) {
		return nil
	}
	limit := r.Timeout + instance.StopTimeout(r.Service) + replyMargin
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fault.New("start-timeout",
		"service %q was not ready within %v", r.Service.Name, limit).WithHint("mage status shows its state"))
	defer cancel()
	started := sync.OnceFunc(func() { close(reached[r.Service.Name].started) })
	if err := s.runner(r.Service.Name).Start(ctx, r, started); err != nil {
		return err
	}
	started()
	close(reached[r.Service.Name].ready)
	return nil
}

// stopAll stops services, each after those that depend on it; nil names mean all.
// Fault: service-stuck for the first service that does not end.
func (s *Services) stopAll(ctx context.Context, names []string) error {
	all := s.all()
	finished := make(map[string]chan struct{}, len(all)) // closed when the service is stopped, or is to stay
	for _, runner := range all {
		finished[runner.Name()] = make(chan struct{})
	}
	errs := make([]error, len(all))
	var stops sync.WaitGroup
	for i, runner := range all {
		stops.Go(func() {
			defer close(finished[runner.Name()])
			for _, later := range all[i+1:] { // only later ones, so that no two wait for each other
				if slices.Contains(later.Snapshot().Service.DependsOn, runner.Name()) {
					<-finished[later.Name()]
				}
			}
			if names == nil || slices.Contains(names, runner.Name()) {
				errs[i] = runner.Stop(ctx) // this ctx does not end
			}
		})
	}
	stops.Wait()
	return cmp.Or(errs...)
}

// awaitDependencies waits until the dependencies of a service are ready, or only
// started where that is enough. It reports false when failed ends before.
func awaitDependencies(failed context.Context, svc config.Service, reached map[string]*milestones) bool {
	for _, dep := range svc.DependsOn {
		m, known := reached[dep]
		if !known {
			continue
		}
		milestone := m.ready
		if slices.Contains(svc.DependsStarted, dep) {
			milestone = m.started
		}
		select {
		case <-milestone:
		case <-failed.Done():
			return false
		}
	}
	return true
}
