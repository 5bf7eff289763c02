package supervisor

import (
	"context"
	"errors"
	"os"

	"github.com/samber/lo"
	"github.com/sourcegraph/conc/iter"

	"github.com/flowgate-go/flowgate/internal/config"
)

// Query says how the stack stands: one question to the supervisor. Without one,
// services that a killed supervisor left running are shown live, but not ready,
// since nobody watches them; the others are stopped. Fault:
// supervisor-unreachable.
func Query(ctx context.Context, cfg *config.Config) (Status, error) {
	status, err := newClient(cfg).status(ctx)
	if errors.Is(err, errNoSupervisor) {
		return offline(cfg), nil
	}
	if err != nil {
		return offline(cfg), err
	}
	return merged(cfg, reply{Status: &status}), nil
}

// Health is Query with fresh probes of every service, all at once, by this
// process. A service that somebody else runs is not live, and ready if it
// answers. A service that is not well is no error.
func Health(ctx context.Context, cfg *config.Config) (Status, error) {
	status, err := Query(ctx, cfg)
	if err != nil {
		return status, err
	}
	probes := iter.Mapper[ServiceStatus, ServiceStatus]{MaxGoroutines: max(1, len(status.Services))}
	client := newProbeClient()
	status.Services = probes.Map(status.Services, func(s *ServiceStatus) ServiceStatus {
		svc, ok := cfg.Service(s.Name)
		if !ok {
			return *s
		}
		fresh := *s
		err := probeOnce(ctx, client, svc)
		fresh.Ready, fresh.Reason = err == nil, ""
		if err != nil {
			fresh.Reason = err.Error()
		}
		return fresh
	})
	return status, ctx.Err()
}

// merged is the supervisor's status in the order of the configuration, with
// the services that the supervisor has not heard of.
func merged(cfg *config.Config, last reply) Status {
	if last.Status == nil {
		return offline(cfg)
	}
	status := *last.Status
	known := lo.KeyBy(status.Services, func(s ServiceStatus) string { return s.Name })
	services := make([]ServiceStatus, 0, len(cfg.Services))
	for _, svc := range cfg.Services {
		s, ok := known[svc.Name]
		if !ok {
			s = blank(cfg, svc)
		}
		services = append(services, s)
		delete(known, svc.Name)
	}
	for _, s := range status.Services {
		if _, more := known[s.Name]; more {
			services = append(services, s)
		}
	}
	status.Services = services
	return status
}

// offline is the stack without a supervisor.
func offline(cfg *config.Config) Status {
	left := lo.KeyBy(leftovers(cfg.Paths.RuntimeDir), func(e entry) string { return e.Name })
	status := Status{Profile: activeProfile(cfg), Services: make([]ServiceStatus, 0, len(cfg.Services))}
	for _, svc := range cfg.Services {
		s := blank(cfg, svc)
		if e, ok := left[svc.Name]; ok {
			s.State, s.PID, s.Live, s.Runtime = StateRunning, e.Process.PID, true, e.Runtime
			s.StartedAt, s.UptimeS = &e.StartedAt, uptime(e.StartedAt)
			s.Reason = "its supervisor was killed; mage start replaces it"
		}
		status.Services = append(status.Services, s)
	}
	return status
}

// leftovers are the services of a killed supervisor that still run. While a
// supervisor lives its services are no leftovers.
func leftovers(runtimeDir string) []entry {
	l := readLedger(runtimeDir)
	if l.Supervisor.Alive() && l.Supervisor.PID != os.Getpid() {
		return nil
	}
	return lo.Filter(l.Services, func(e entry, _ int) bool { return e.Process.Alive() })
}
