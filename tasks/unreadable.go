package tasks

import (
	"context"
	"path/filepath"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/trust"
	"github.com/flowgate-go/flowgate/supervisor/client"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// running is what the supervisor of an installation runs whose configuration cannot be read.
type running struct {
	config *config.Config // only the paths, and the names of the services
	status control.Status
	broken error // what is wrong with the configuration
}

// orOnRunning returns work that loads the configuration first, or, when that cannot be read and something runs, does
// instead: who made a mistake in the file can still see and stop what runs.
func orOnRunning(
	do func(ctx context.Context, s session, cfg *config.Config) (any, error),
	instead func(ctx context.Context, s session, r running) (any, error),
) work {
	return func(ctx context.Context, s session) (any, error) {
		cfg, err := s.loadForReading(ctx)
		if err == nil {
			s.trust = s.examineTrust(cfg)
			return do(ctx, s, cfg)
		}
		if r, ok := s.findRunning(ctx); ok {
			return instead(ctx, s, r)
		}
		return nil, err
	}
}

// runReadingOr is runReading for a target that orOnRunning lets work on what runs.
func runReadingOr(
	ctx context.Context, command string,
	do func(ctx context.Context, s session, cfg *config.Config) (any, error),
	instead func(ctx context.Context, s session, r running) (any, error),
) error {
	return runBriefly(ctx, command, orOnRunning(do, instead))
}

// findRunning asks the supervisor in the standard place, .router/runtime, what it runs. The second result is false when
// the configuration can be read, when nothing runs there, or when the folder may be another user's work.
func (s session) findRunning(ctx context.Context) (running, bool) {
	_, broken := s.loadConfig()
	if broken == nil {
		return running{}, false
	}
	place := s.place()
	dir := place.Dir
	if place.File != "" {
		dir = filepath.Dir(place.File)
	}
	if filepath.Base(dir) == "config" {
		dir = filepath.Dir(dir)
	}
	cfg := config.Default(dir)
	if trust.CheckStateHome(cfg, s.getenv) != nil || trust.CheckState(cfg) != nil {
		return running{}, false
	}
	status, err := client.New(cfg).Status(ctx)
	if err != nil {
		return running{}, false
	}
	cfg.Services = lo.Map(status.Services, func(s control.ServiceStatus, _ int) config.Service {
		return config.Service{Name: s.Name}
	})
	return running{cfg, status, broken}, true
}

// onlyService returns the status of one service of those that run, or of all when none is named. Fault: service-unknown.
func (r running) onlyService(name string) (any, error) {
	if name == "" {
		return r.status, nil
	}
	return dataOrError(r.status.Only(name), control.CheckServiceName(r.config, name))
}
