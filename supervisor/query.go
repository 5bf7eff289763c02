package supervisor

import (
	"context"
	"errors"
	"fmt"

	"github.com/samber/lo"
	"github.com/sourcegraph/conc/iter"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor/client"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/observe"
)

// Query returns the status of the stack: it asks the supervisor once. Without one,
// services that a killed supervisor left running are shown live, and ready when
// they answer this process; the others are stopped. If a supervisor runs and does
// not answer, Query returns the fault supervisor-unreachable, and a status that is
// read from the ledger.
func Query(ctx context.Context, cfg *config.Config) (control.Status, error) {
	status, err := client.New(cfg).Status(ctx)
	if errors.Is(err, client.ErrNoSupervisor) {
		return observe.AddUsage(ctx, addReadiness(ctx, cfg, statusFromLedger(cfg))), nil
	}
	if err != nil {
		return statusFromLedger(cfg), err
	}
	return observe.AddUsage(ctx, mergeStatus(cfg, control.Reply{Status: &status})), nil
}

// Health returns the status as QueryWithDeployments does, after this process probed
// every service, all at once. A service that another program runs is not live, and
// ready if it answers. A service that is not healthy is not an error.
func Health(ctx context.Context, cfg *config.Config) (control.Status, error) {
	status, err := Query(ctx, cfg)
	if err != nil {
		return status, err
	}
	status = probeEach(cfg, status, func(svc config.Service, s control.ServiceStatus) control.ServiceStatus {
		if err := observe.CheckReadiness(ctx, cfg, svc, s.PID); err != nil {
			s.Ready, s.Reason = false, err.Error()
		} else if _, hasProbe := svc.ReadinessProbe(); hasProbe {
			s.Ready, s.Reason = true, ""
		}
		return namePortHolder(svc, s)
	})
	return observe.AddDeployments(ctx, cfg, status), ctx.Err()
}

// namePortHolder adds to the status of a service that does not run which process
// has its port: a start cannot succeed meanwhile.
func namePortHolder(svc config.Service, s control.ServiceStatus) control.ServiceStatus {
	if s.Live || svc.Port == 0 {
		return s
	}
	if holder, held, err := tcp.FindListener(svc.Host, svc.Port); err == nil && held {
		s.PortTaken = true
		s.Reason = fmt.Sprintf("%s has %s", &holder, svc.Addr())
	}
	return s
}

// probeEach replaces the status of every service of the configuration by the
// result of probe, which is called for all services at once.
func probeEach(
	cfg *config.Config,
	s control.Status,
	probe func(config.Service, control.ServiceStatus) control.ServiceStatus,
) control.Status {
	probes := iter.Mapper[control.ServiceStatus, control.ServiceStatus]{MaxGoroutines: max(1, len(s.Services))}
	s.Services = probes.Map(s.Services, func(status *control.ServiceStatus) control.ServiceStatus {
		svc, ok := cfg.Service(status.Name)
		if !ok {
			return *status
		}
		return probe(svc, *status)
	})
	return s
}

// mergeStatus returns the supervisor's status in the order of the configuration, with
// the services that the supervisor does not know.
func mergeStatus(cfg *config.Config, last control.Reply) control.Status {
	if last.Status == nil {
		return statusFromLedger(cfg)
	}
	status := *last.Status
	if running := status.Supervisor; running != nil && running.Version != version.String() {
		info := *running
		info.Hint = fmt.Sprintf(
			program.Format("it runs version %s, this is %s: mage supervisor:upgrade hands over without stopping a service"),
			running.Version,
			version.String(),
		)
		status.Supervisor = &info
	}
	known := lo.KeyBy(status.Services, func(s control.ServiceStatus) string { return s.Name })
	services := make([]control.ServiceStatus, 0, len(cfg.Services))
	for _, svc := range cfg.Services {
		s, ok := known[svc.Name]
		if !ok {
			s = control.StoppedService(cfg, svc)
		}
		services = append(services, s)
		delete(known, svc.Name)
	}
	for _, s := range status.Services {
		if _, unlisted := known[s.Name]; unlisted {
			services = append(services, s)
		}
	}
	status.Services = services
	return status
}

// QueryWithDeployments returns what Query returns, with the state of the router's
// deployments. It sends the router's key, so it is for trusted installations only.
func QueryWithDeployments(ctx context.Context, cfg *config.Config) (control.Status, error) {
	status, err := Query(ctx, cfg)
	if err != nil {
		return status, err
	}
	return observe.AddDeployments(ctx, cfg, status), nil
}
