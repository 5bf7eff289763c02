package supervisor

import (
	"os"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
)

// follow takes over the services of a configuration: new ones get an owner,
// their order becomes its order. Services that it no longer has stay until they
// are stopped.
func (r *resident) follow(cfg *config.Config) {
	r.mu.Lock()
	defer r.mu.Unlock()
	order := make([]string, 0, len(cfg.Services))
	for _, svc := range cfg.Services {
		order = append(order, svc.Name)
		if r.units[svc.Name] == nil {
			u := newUnit(svc, cfg, r.emit, r.record)
			r.units[svc.Name] = u
			r.owners.Go(func() { u.own(r.ownCtx) })
		}
	}
	for _, name := range r.order {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	r.order = order
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
		Profile:    activeProfile(r.opts.Config),
		Supervisor: &Info{PID: os.Getpid(), Version: r.opts.Version, Socket: r.socket},
		Services:   []ServiceStatus{},
	}
	for _, u := range r.all() {
		svc := u.snap.Load().ServiceStatus
		if svc.StartedAt != nil {
			svc.UptimeS = uptime(*svc.StartedAt)
		}
		s.Services = append(s.Services, svc)
	}
	return s
}

func uptime(since time.Time) float64 {
	return max(0, time.Since(since).Round(time.Millisecond).Seconds())
}

// emit records an event with the profile that holds.
func (r *resident) emit(e Event) {
	e.Profile = activeProfile(r.opts.Config)
	r.events.emit(e)
}
