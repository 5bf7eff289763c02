package daemon

import (
	"os"
	"slices"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/service"
)

// follow takes over the services of a configuration: new ones get a unit,
// their order becomes its order. Services that it no longer has stay until they
// are stopped.
func (r *resident) follow(cfg *config.Config) {
	r.mu.Lock()
	defer r.mu.Unlock()
	order := make([]string, 0, len(cfg.Services))
	for _, svc := range cfg.Services {
		order = append(order, svc.Name)
		if r.units[svc.Name] == nil {
			r.units[svc.Name] = service.New(svc, cfg, r.events.Emit, r.recorder)
		}
	}
	for _, name := range r.order {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	r.order = order
}

// own starts the owners of units that have none; they begin with first.
func (r *resident) own(u *service.Runner, first service.Phase) {
	if u.Owned {
		return
	}
	u.Owned = true
	r.owners.Go(func() { u.Run(r.ownCtx, first) })
}

// all are the units in start order.
func (r *resident) all() []*service.Runner {
	r.mu.Lock()
	defer r.mu.Unlock()
	units := make([]*service.Runner, 0, len(r.order))
	for _, name := range r.order {
		units = append(units, r.units[name])
	}
	return units
}

func (r *resident) unit(name string) *service.Runner {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.units[name]
}

// status is the stack as it stands.
func (r *resident) status() control.Status {
	s := control.Status{
		Profile: control.ActiveProfile(r.opts.Config),
		Supervisor: &control.SupervisorInfo{
			PID: os.Getpid(), Version: r.opts.Version, Adopted: r.adopted.Load(), Socket: r.socket,
			Upgrades: r.upgrades, UpgradeFailure: r.upgradeFailure,
		},
		Services: []control.ServiceStatus{},
	}
	for _, u := range r.all() {
		shown := u.Snapshot.Load()
		svc := shown.ServiceStatus
		if svc.StartedAt != nil {
			svc.UptimeS = control.Uptime(shown.Identity, *svc.StartedAt)
		}
		s.Services = append(s.Services, svc)
	}
	return s
}
