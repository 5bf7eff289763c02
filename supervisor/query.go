package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/samber/lo"
	"github.com/sourcegraph/conc/iter"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/internal/version"
)

// Query says how the stack stands: one question to the supervisor. Without one,
// services that a killed supervisor left running are shown live, and ready when
// they answer this process; the others are stopped. A supervisor that runs and
// does not answer is the fault supervisor-unreachable, beside a status that is
// read from its ledger.
func Query(ctx context.Context, cfg *config.Config) (Status, error) {
	status, err := newClient(cfg).status(ctx)
	if errors.Is(err, errNoSupervisor) {
		return offline(cfg).askServices(ctx, cfg).measured(ctx), nil
	}
	if err != nil {
		return offline(cfg), err
	}
	return merged(cfg, reply{Status: &status}).measured(ctx), nil
}

// Health is QueryWithDeployments with fresh probes of every service, all at once, by this
// process. A service that somebody else runs is not live, and ready if it
// answers. A service that is not well is no error.
func Health(ctx context.Context, cfg *config.Config) (Status, error) {
	status, err := Query(ctx, cfg)
	if err != nil {
		return status, err
	}
	return status.examined(cfg, func(svc config.Service, s ServiceStatus) ServiceStatus {
		if err := examine(ctx, cfg, svc, s.PID); err != nil {
			s.Ready, s.Reason = false, err.Error()
		} else if _, asked := svc.ReadinessProbe(); asked {
			s.Ready, s.Reason = true, ""
		}
		return s.withStranger(svc)
	}).withDeployments(ctx, cfg), ctx.Err()
}

// withStranger says which process has the port of a service that does not run:
// a start cannot bring the service up meanwhile.
func (s ServiceStatus) withStranger(svc config.Service) ServiceStatus {
	if s.Live || svc.Port == 0 {
		return s
	}
	if holder, held, err := tcp.FindListener(svc.Host, svc.Port); err == nil && held {
		s.stranger = true
		s.Reason = fmt.Sprintf("%s has %s", name(&holder), svc.Addr())
	}
	return s
}

// examined replaces the status of every service of the configuration by what
// look makes of it, all at once.
func (s Status) examined(cfg *config.Config, look func(config.Service, ServiceStatus) ServiceStatus) Status {
	looks := iter.Mapper[ServiceStatus, ServiceStatus]{MaxGoroutines: max(1, len(s.Services))}
	s.Services = looks.Map(s.Services, func(one *ServiceStatus) ServiceStatus {
		svc, ok := cfg.Service(one.Name)
		if !ok {
			return *one
		}
		return look(svc, *one)
	})
	return s
}

// examine asks a service once for its readiness; nil when there is nothing to
// ask; pid is its process. A line of a log is found however old it is.
func examine(ctx context.Context, cfg *config.Config, svc config.Service, pid int) error {
	p, ok := svc.ReadinessProbe()
	if !ok {
		return nil
	}
	prober, err := probe.New(p, probe.Target{Service: svc, Dir: cfg.Dir, Env: os.Environ(), Log: logPath(cfg, svc.Name), Key: keyFor(cfg, svc, pid, os.Environ())})
	if err != nil {
		return err
	}
	return prober.Ask(ctx).Err
}

// merged is the supervisor's status in the order of the configuration, with
// the services that the supervisor has not heard of.
func merged(cfg *config.Config, last reply) Status {
	if last.Status == nil {
		return offline(cfg)
	}
	status := *last.Status
	if there := status.Supervisor; there != nil && there.Version != version.String() {
		other := *there
		other.Hint = fmt.Sprintf("it runs version %s, this is %s: mage supervisor:upgrade hands over without stopping a service", there.Version, version.String())
		status.Supervisor = &other
	}
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
