package daemon

import (
	"cmp"
	"context"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/sourcegraph/conc"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/service"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// answerMargin is what an owner gets beyond a start's time to clean up and say so.
const answerMargin = 10 * time.Second

// start brings the wanted services up, and those they depend on. A service
// begins when those it depends on are ready; the others begin at once.
func (r *resident) start(ctx context.Context, q control.Request) error {
	ctx, leave, err := r.gate.enter(ctx, false)
	if err != nil {
		return err
	}
	defer leave()
	return r.bringUp(ctx, q)
}

// startOrEnd is start for a command: a supervisor whose first start executed
// nothing, since a program or a key is missing, ends with it. One that a service
// manager keeps stays, as it would be started again at once.
func (r *resident) startOrEnd(ctx context.Context, q control.Request) error {
	ctx, leave, err := r.gate.enter(ctx, false)
	if err != nil {
		return err
	}
	defer leave()
	err = r.bringUp(ctx, q)
	if err != nil && !r.opts.Up && !slices.ContainsFunc(r.all(), hasRun) {
		r.gate.close()
	}
	return err
}

// hasRun reports whether a unit has a process, or had one whose end is worth keeping.
func hasRun(u *service.Runner) bool {
	s := u.Snapshot.Load()
	return control.IsActive(s.State) || s.LastExit != nil || s.PID != 0
}

// stop takes the wanted services down; with the last one the supervisor ends.
// It goes on when the command that asked has gone.
func (r *resident) stop(ctx context.Context, q control.Request) error {
	ctx, leave, err := r.gate.enter(context.WithoutCancel(ctx), true)
	if err != nil {
		return err
	}
	defer leave()
	names, err := control.SelectServices(q.Config, q.Services)
	if err != nil {
		return err
	}
	if len(q.Services) == 0 { // also those that the configuration no longer has
		names = nil
	}
	err = r.takeDown(ctx, names)
	if !slices.ContainsFunc(r.all(), func(u *service.Runner) bool { return control.IsActive(u.Snapshot.Load().State) }) {
		r.gate.close()
	}
	return err
}

// restart is a stop and a start that nothing comes between. It goes on when the
// command that asked has gone: the services would stay down. Nothing is stopped
// for a start that is sure to fail.
func (r *resident) restart(ctx context.Context, q control.Request) error {
	ctx, leave, err := r.gate.enter(context.WithoutCancel(ctx), false)
	if err != nil {
		return err
	}
	defer leave()
	names, err := control.SelectServices(q.Config, q.Services)
	if err != nil {
		return err
	}
	for _, svc := range q.Config.Services {
		if slices.Contains(names, svc.Name) {
			p := r.planFor(svc, q)
			if err := p.CheckExecutable(); err != nil {
				return p.Explain(err)
			}
		}
	}
	if err := r.takeDown(ctx, names); err != nil {
		return err
	}
	return r.bringUp(ctx, q)
}

func (r *resident) bringUp(ctx context.Context, q control.Request) error {
	names, err := control.SelectServices(q.Config, q.Services)
	if err != nil {
		return err
	}
	wanted := withDependencies(q.Config, names)
	r.follow(q.Config)
	up := make(map[string]*milestones, len(wanted))
	for _, svc := range wanted {
		r.own(r.unit(svc.Name), r.unit(svc.Name).Idle)
		up[svc.Name] = newMilestones()
	}
	failed, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	errs := make([]error, len(wanted))
	var starts conc.WaitGroup
	for i, svc := range wanted {
		starts.Go(func() {
			errs[i] = r.startOne(ctx, failed, svc, q, up)
			if errs[i] != nil {
				fail(errs[i])
			}
		})
	}
	starts.Wait()
	// Every error has its service in it; the first in start order is the nearest to the cause.
	return cmp.Or(errs...)
}

// milestones are what a service's dependents wait for.
type milestones struct{ started, ready chan struct{} }

func newMilestones() *milestones { return &milestones{make(chan struct{}), make(chan struct{})} }

// startOne waits for what svc depends on, then starts it. When one of those
// fails, svc is left alone without an error of its own.
func (r *resident) startOne(ctx, failed context.Context, svc config.Service, q control.Request, up map[string]*milestones) error {
	for _, dep := range svc.DependsOn {
		reached, known := up[dep]
		if !known {
			continue
		}
		wait := reached.ready
		if slices.Contains(svc.DependsStarted, dep) {
			wait = reached.started
		}
		select {
		case <-wait:
		case <-failed.Done():
			return nil
		}
	}
	p := r.planFor(svc, q)
	timeout := p.Timeout + instance.StopTimeout(svc) + answerMargin
	wait, cancel := context.WithTimeoutCause(ctx, timeout, fault.New("start-timeout",
		"service %q was not ready within %v", svc.Name, timeout).WithHint("mage status shows its state"))
	defer cancel()
	started := sync.OnceFunc(func() { close(up[svc.Name].started) })
	if err := r.unit(svc.Name).Do(wait, p, started); err != nil {
		return err
	}
	started()
	close(up[svc.Name].ready)
	return nil
}

func (r *resident) planFor(svc config.Service, q control.Request) *instance.StartRequest {
	p := &instance.StartRequest{Config: q.Config, Service: svc, Command: q, Census: r.census, Timeout: time.Duration(q.TimeoutMS) * time.Millisecond}
	if p.Timeout <= 0 {
		p.Timeout = runtimestore.StartTimeout(svc.Runtime)
	}
	p.Env = runtimestore.Environment{
		Self: r.opts.Self, Version: r.opts.Version, Cwd: q.Cwd, Environ: q.Environ, LookPath: exec.LookPath,
	}
	if p.Env.Environ == nil {
		p.Env.Environ = r.opts.Environ
	}
	return p
}

// takeDown stops units, each after those that depend on it; no names means all.
// Its fault service-stuck names the first service that does not end.
func (r *resident) takeDown(ctx context.Context, names []string) error {
	units := r.all()
	down := make(map[string]chan struct{}, len(units)) // closed when stopped, or not to be
	for _, u := range units {
		down[u.Name] = make(chan struct{})
	}
	errs := make([]error, len(units))
	var stops conc.WaitGroup
	for i, u := range units {
		stops.Go(func() {
			defer close(down[u.Name])
			for _, other := range units[i+1:] { // later ones only: nothing waits in a circle
				if slices.Contains(other.Snapshot.Load().Service.DependsOn, u.Name) {
					<-down[other.Name]
				}
			}
			if names == nil || slices.Contains(names, u.Name) {
				errs[i] = u.Do(ctx, nil, nil) // ctx does not end here
			}
		})
	}
	stops.Wait()
	return cmp.Or(errs...)
}

// stopAll is the end of the supervisor. A process that does not end is in the
// events, and stays in the ledger.
func (r *resident) stopAll() { _ = r.takeDown(context.Background(), nil) }
