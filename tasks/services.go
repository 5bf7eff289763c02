package tasks

import (
	"cmp"
	"context"
	"os"
	"time"

	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/printable"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/drift"
	"github.com/flowgate-go/flowgate/supervisor/oldtool"
	"github.com/flowgate-go/flowgate/supervisor/stack"
)

// Start brings the services up and waits until they are ready; -share accepts a sign-in that another tool holds too.
func Start(ctx context.Context, service *string, timeout *time.Duration, share *bool, take *bool) error {
	return runChanging(ctx, "start", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		if err := grant.CheckStart(ctx, cfg, s.authEnvironment(), deref(share)); err != nil {
			return nil, err
		}
		if err := s.replaceOldTool(ctx, cfg, serviceList(service), deref(take)); err != nil {
			return nil, err
		}
		if status, err := s.checkUnchanged(ctx, cfg, service); err != nil {
			return status, err
		}
		status, err := stack.StartFresh(ctx, cfg, s.stackOptions(cfg, service, timeout))
		drift.Compare(cfg, &status, drift.Planned(cfg, s.getenv))
		return status, err
	})
}

// checkUnchanged returns a fault when a running service differs from the configuration as it
// is now: start would leave the service as it is. The status is the fault's evidence.
func (s session) checkUnchanged(ctx context.Context, cfg *config.Config, service *string) (control.Status, error) {
	status, err := supervisor.Query(ctx, cfg)
	if err != nil {
		return status, nil //nolint:nilerr // the start itself says what is wrong with the supervisor
	}
	drift.Compare(cfg, &status, drift.Planned(cfg, s.getenv))
	return status, drift.Fault(status, serviceList(service))
}

// replaceOldTool ends the services that the Python FlowGate left running when take is set.
// Otherwise it returns a fault that names them.
func (s session) replaceOldTool(ctx context.Context, cfg *config.Config, services []string, take bool) error {
	running := oldtool.Find(cfg, services)
	if !take {
		return oldtool.RunningFault(running)
	}
	err := oldtool.Stop(ctx, cfg, running)
	for _, old := range running {
		if err == nil {
			s.writeLines("stopped " + old.String() + " of the Python FlowGate")
		}
	}
	return err
}

// Restart stops services and starts them again with the configuration as it is now.
func Restart(ctx context.Context, service *string, timeout *time.Duration) error {
	return runChanging(ctx, "restart", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		return stack.RestartFresh(ctx, cfg, s.stackOptions(cfg, service, timeout))
	})
}

// Stop ends services, and the supervisor with the last one; -force also ends a supervisor that does not answer.
func Stop(ctx context.Context, service *string, force *bool, restoreClients *bool) error {
	stop := supervisor.Stop
	if deref(force) {
		stop = supervisor.ForceStop
	}
	return run(ctx, "stop", orOnRunning(func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		if err := cmp.Or(s.missingFault(), s.checkMayStop(cfg)); err != nil {
			return nil, err
		}
		status, err := stop(ctx, cfg, serviceList(service))
		if err != nil || !s.restoresOnStop(cfg, deref(service), deref(restoreClients)) {
			return status, err
		}
		restored, err := s.restorePointed(ctx, cfg)
		return stopped{status, restored}, err
	}, func(ctx context.Context, s session, r running) (any, error) {
		s.writeLines("the configuration cannot be read, which a stop does not need: " + r.broken.Error())
		return stop(ctx, r.config, serviceList(service))
	}))
}

// Status shows what runs, as the supervisor sees it.
func Status(ctx context.Context, service *string) error {
	return runReadingOr(ctx, "status", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		query := supervisor.QueryWithDeployments
		if !s.trust.Trusted {
			query = supervisor.Query
		}
		return s.queryService(cfg, service, func() (control.Status, error) { return query(ctx, cfg) })
	}, func(_ context.Context, _ session, r running) (any, error) {
		status, err := r.onlyService(deref(service))
		return status, cmp.Or(err, r.broken)
	})
}

// Top shows a live table of the services on a terminal, until Ctrl-C; without a terminal it shows one status.
func Top(ctx context.Context, every *time.Duration) error {
	return runReadingLong(ctx, "top", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		return showTop(ctx, s, cfg, deref(every))
	})
}

// Health asks every service whether it is alive and ready, and exits 1 unless all are.
func Health(ctx context.Context, service *string) error {
	return runReading(ctx, "health", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		query := supervisor.Health
		if !s.trust.Trusted { // only what the supervisor knows: no probe of this configuration is run
			query = supervisor.Query
		}
		status, err := s.queryService(cfg, service, func() (control.Status, error) { return query(ctx, cfg) })
		if err != nil {
			return nil, err
		}
		return status, status.CheckHealth()
	})
}

// queryService returns the status of one service, or of all when none is named.
func (s session) queryService(
	cfg *config.Config,
	service *string,
	query func() (control.Status, error),
) (control.Status, error) {
	name := deref(service)
	if _, known := cfg.Service(name); name != "" && !known {
		return control.Status{}, control.CheckServiceName(cfg, name)
	}
	status, err := query()
	drift.Compare(cfg, &status, drift.Planned(cfg, s.getenv))
	if name != "" {
		status = status.Only(name)
	}
	return status, err
}

// startOptions returns the options of a start of one service, or of all when none is named.
func startOptions(s session, cfg *config.Config, service *string, timeout *time.Duration) supervisor.StartOptions {
	return supervisor.StartOptions{
		Services: serviceList(service), Timeout: deref(timeout), Environ: os.Environ(), Getenv: s.getenv,
		Progress: s.printEvent, Scrub: s.newScrubber(cfg),
	}
}

// printEvent prints an event on stderr when that is a terminal. In the text format the line is
// transient, because the report says how the event ended.
func (s session) printEvent(e control.Event) {
	switch line := printable.EscapeLine(e.Line()); {
	case s.out.Terminal && s.out.Format == report.Text:
		s.out.Step(line)
	case s.out.Live:
		s.writeLines(line)
	}
}
