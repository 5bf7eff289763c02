package supervisor

import (
	"os"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
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
			r.units[svc.Name] = newUnit(svc, cfg, r.events.emit, r.recorder)
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
func (r *resident) own(u *unit, first phase) {
	if u.owned {
		return
	}
	u.owned = true
	r.owners.Go(func() { u.own(r.ownCtx, first) })
}

// all are the units in start order.
func (r *resident) all() []*unit {
	r.mu.Lock()
	defer r.mu.Unlock()
	units := make([]*unit, 0, len(r.order))
	for _, name := range r.order {
		units = append(units, r.units[name])
	}
	return units
}

func (r *resident) unit(name string) *unit {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.units[name]
}

// status is the stack as it stands.
func (r *resident) status() Status {
	s := Status{
		Profile: activeProfile(r.opts.Config),
		Supervisor: &Info{
			PID: os.Getpid(), Version: r.opts.Version, Adopted: r.adopted.Load(), Socket: r.socket,
			Upgrades: r.upgrades, UpgradeFailure: r.upgradeFailure,
		},
		Services: []ServiceStatus{},
	}
	for _, u := range r.all() {
		shown := u.snap.Load()
		svc := shown.ServiceStatus
		if svc.StartedAt != nil {
			svc.UptimeS = uptime(shown.id, *svc.StartedAt)
		}
		s.Services = append(s.Services, svc)
	}
	return s
}

// startOf returns when a process was started, as far as the system knows.
func startOf(id process.Identity) time.Time {
	at := now()
	if age, known := id.Age(); known {
		at = at.Add(-age.Truncate(time.Millisecond))
	}
	return at
}

// uptime is the age of a process; by the clock where the system does not tell.
func uptime(id process.Identity, since time.Time) float64 {
	age, known := id.Age()
	if !known {
		age = max(0, time.Since(since))
	}
	return age.Round(time.Millisecond).Seconds()
}
