package daemon

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/boottime"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/service"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// adoptAll takes over what an earlier supervisor of this folder left: running
// services keep running, those that ended meanwhile are restarted as after any
// end, those that were given up stay so.
func (r *resident) adoptAll(l ledger.Ledger, requests map[string]control.Request) {
	running := lo.KeyBy(ledger.Survivors(r.opts.Config, l), func(e ledger.Entry) string { return e.Name })
	r.follow(r.opts.Config)
	for _, e := range l.Services {
		if _, runs := running[e.Name]; !runs {
			r.resume(e, r.planOf(e, requests), l.Supervisor.BootID == boottime.Now().BootID)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(running)) {
		e := running[name]
		u := r.unitFor(e)
		u.Request = r.planOf(e, requests)
		r.adopted.Store(true)
		r.events.Emit(control.Event{Event: control.EventAdopted, Service: name, Result: "ok", Detail: fmt.Sprintf("process %d", e.Process.PID)})
		r.own(u, func(context.Context) service.Phase { return u.Adopt(e) })
	}
	for _, u := range r.all() {
		r.own(u, u.Idle)
	}
}

// resume goes on with a service that has no process. One of another boot is
// simply stopped: whoever boots says what is to be up.
func (r *resident) resume(e ledger.Entry, p *instance.StartRequest, sameBoot bool) {
	switch {
	case e.State == control.StateFailed:
		u := r.unitFor(e)
		u.Request = p
		u.Restore(e)
		r.own(u, u.Idle)
	case sameBoot && (e.State == control.StateRunning || e.State == control.StateBackoff || e.State == control.StateStarting):
		u := r.unitFor(e)
		u.Request, u.WasReady = p, true
		u.Restore(e)
		r.own(u, func(context.Context) service.Phase { return u.Lost(e) })
	}
}

// unitFor is the unit of an entry; one that the configuration no longer has
// stays until it is stopped.
func (r *resident) unitFor(e ledger.Entry) *service.Runner {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.units[e.Name] == nil {
		r.units[e.Name] = service.New(instance.ServiceOfEntry(r.opts.Config, e), r.opts.Config, r.events.Emit, r.recorder)
		r.order = append(r.order, e.Name)
	}
	return r.units[e.Name]
}

// planOf is what an entry is restarted by: what its last start command wanted,
// where that was handed over, else the configuration as it is.
func (r *resident) planOf(e ledger.Entry, requests map[string]control.Request) *instance.StartRequest {
	q, handed := requests[e.Name]
	if !handed || q.Config == nil {
		q = control.Request{Config: r.opts.Config}
	}
	return r.planFor(instance.ServiceOfEntry(q.Config, e), q)
}
