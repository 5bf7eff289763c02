package supervisor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/boottime"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// survivors are the services of a killed supervisor that still run: processes
// of this user that carry the mark of this runtime folder, and that the ledger
// names or, whatever became of the ledger, that run the service's command.
// While a supervisor lives there are none.
func survivors(cfg *config.Config, l ledger.Ledger) []ledger.Entry {
	if l.Supervisor.Alive() && l.Supervisor.PID != os.Getpid() {
		return nil
	}
	return runningServices(cfg, l)
}

// runningServices are the services of a runtime folder that have a process,
// whether or not their supervisor lives: see survivors.
func runningServices(cfg *config.Config, l ledger.Ledger) []ledger.Entry {
	dir := cfg.Paths.RuntimeDir
	found := map[string]process.Identity{}
	for mark, id := range newCensus().Leaders() {
		if name, ours := strings.CutPrefix(mark, markOf(dir, "")); ours && !strings.Contains(name, ":") { // a folder's name may go on with a colon
			found[name] = id
		}
	}
	var list []ledger.Entry
	for _, e := range l.Services {
		id, marked := found[e.Name]
		delete(found, e.Name)
		switch {
		case e.Process.HasMark(markName, markOf(dir, e.Name)):
		case marked && isServiceOf(cfg, e.Name, id):
			e.Process = id
		default:
			continue
		}
		list = append(list, e)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if isServiceOf(cfg, name, found[name]) {
			list = append(list, ledger.Entry{Name: name, Process: found[name], StartedAt: startOf(found[name])})
		}
	}
	return list
}

// isServiceOf reports whether a process was executed by the command of a
// service. It is asked where the ledger does not name the process: programs
// that a service starts, and what is typed in their shells, carry its mark too.
func isServiceOf(cfg *config.Config, name string, id process.Identity) bool {
	svc, known := cfg.Service(name)
	if !known {
		return false
	}
	spec, err := runtimestore.Command(cfg, svc, runtimestore.Environment{Self: selfexec.Path(), Environ: os.Environ(), LookPath: exec.LookPath})
	return err == nil && process.HasCommand(id.PID, spec.Args)
}

// adoptAll takes over what an earlier supervisor of this folder left: running
// services keep running, those that ended meanwhile are restarted as after any
// end, those that were given up stay so.
func (r *resident) adoptAll(l ledger.Ledger, requests map[string]request) {
	running := lo.KeyBy(survivors(r.opts.Config, l), func(e ledger.Entry) string { return e.Name })
	r.follow(r.opts.Config)
	for _, e := range l.Services {
		if _, runs := running[e.Name]; !runs {
			r.resume(e, r.planOf(e, requests), l.Supervisor.BootID == boottime.Now().BootID)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(running)) {
		e := running[name]
		u := r.unitFor(e)
		u.plan = r.planOf(e, requests)
		r.adopted.Store(true)
		r.events.emit(Event{Event: EventAdopted, Service: name, Result: "ok", Detail: fmt.Sprintf("process %d", e.Process.PID)})
		r.own(u, func(context.Context) phase { return u.adopt(e) })
	}
	for _, u := range r.all() {
		r.own(u, u.idle)
	}
}

// resume goes on with a service that has no process. One of another boot is
// simply stopped: whoever boots says what is to be up.
func (r *resident) resume(e ledger.Entry, p *plan, sameBoot bool) {
	switch {
	case e.State == StateFailed:
		u := r.unitFor(e)
		u.plan = p
		u.restore(e)
		r.own(u, u.idle)
	case sameBoot && (e.State == StateRunning || e.State == StateBackoff || e.State == StateStarting):
		u := r.unitFor(e)
		u.plan, u.wasReady = p, true
		u.restore(e)
		r.own(u, func(context.Context) phase { return u.lost(e) })
	}
}

// lost is the end of a process that nobody saw.
func (u *unit) lost(e ledger.Entry) phase {
	if e.State == StateRunning {
		exit := ledger.Unseen(now())
		u.publish(func(s *snapshot) { s.LastExit = &exit })
	}
	return u.retry(probe.Exited, fault.New("service-exited", "service %q ended while no supervisor ran", u.name).
		WithHint("mage logs %s shows its last lines", u.name))
}

// restore shows what the ledger knows.
func (u *unit) restore(e ledger.Entry) {
	u.spent = e.Spent
	u.publish(func(s *snapshot) {
		if e.State != "" {
			s.State = e.State
		}
		s.Restarts, s.LastExit, s.Reason, s.Decision = e.Restarts, e.LastExit, e.Reason, e.Decision
	})
}

// adopt takes over a process that runs, and goes on with what was being done
// with it. Whether it is ready says its next probe.
func (u *unit) adopt(e ledger.Entry) phase {
	spec, _ := runtimestore.Command(u.plan.cfg, u.plan.svc, u.plan.env) // only for what it says of the runtime
	run := &instance{
		spec: spec, family: process.Family{Leader: e.Process, Mark: markOf(u.plan.cfg.Paths.RuntimeDir, u.name)},
		cfg: u.plan.cfg, census: u.plan.census,
		started: e.StartedAt, log: logPath(u.plan.cfg, u.name), logFrom: e.LogFrom,
	}
	run.logFile, _ = os.Stat(run.log)
	run.watch(u.plan.svc)
	u.restore(e)
	u.take(run)
	switch e.State {
	case StateStopping:
		return u.stopping(nil)
	case StateStarting:
		u.wasReady = e.Restarts > 0
		return u.untilReady
	}
	close(run.isReady)
	u.wasReady = true
	u.publish(func(s *snapshot) { s.State, s.Reason = StateRunning, "adopted, and not asked yet whether it is ready" })
	return u.running
}

// unitFor is the unit of an entry; one that the configuration no longer has
// stays until it is stopped.
func (r *resident) unitFor(e ledger.Entry) *unit {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.units[e.Name] == nil {
		r.units[e.Name] = newUnit(serviceOf(r.opts.Config, e), r.opts.Config, r.events.emit, r.recorder)
		r.order = append(r.order, e.Name)
	}
	return r.units[e.Name]
}

// planOf is what an entry is restarted by: what its last start command wanted,
// where that was handed over, else the configuration as it is.
func (r *resident) planOf(e ledger.Entry, requests map[string]request) *plan {
	q, handed := requests[e.Name]
	if !handed || q.Config == nil {
		q = request{Config: r.opts.Config}
	}
	return r.planFor(serviceOf(q.Config, e), q)
}

func serviceOf(cfg *config.Config, e ledger.Entry) config.Service {
	if svc, ok := cfg.Service(e.Name); ok {
		return svc
	}
	return config.Service{Name: e.Name, Runtime: e.Runtime, Host: e.Host, Port: e.Port, Restart: config.Restart{Policy: "never"}}
}

// endSurvivors ends services without a supervisor, and returns those it ended.
// No names means all of them.
func endSurvivors(ctx context.Context, cfg *config.Config, names []string) ([]ledger.Entry, error) {
	var ended []ledger.Entry
	var stuck error // the first process that does not end
	for _, e := range survivors(cfg, ledger.Read(cfg.Paths.RuntimeDir)) {
		if ctx.Err() != nil {
			return ended, context.Cause(ctx)
		}
		if len(names) > 0 && !slices.Contains(names, e.Name) {
			continue
		}
		run := &instance{census: newCensus(), family: process.Family{Leader: e.Process, Mark: markOf(cfg.Paths.RuntimeDir, e.Name)}}
		run.watch(config.Service{})
		if _, _, err := run.terminate(stopTimeout(serviceOf(cfg, e))); err != nil {
			run.release()
			stuck = cmp.Or(stuck, err)
			continue
		}
		ended = append(ended, e)
	}
	return ended, stuck
}
