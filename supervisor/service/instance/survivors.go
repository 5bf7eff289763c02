package instance

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// EndSurvivors ends the named services of a killed supervisor, all when none is
// named, and returns the entries of those that it ended. Fault: service-stuck for
// the first process that does not end.
func EndSurvivors(ctx context.Context, cfg *config.Config, names []string) ([]ledger.Entry, error) {
	var ended []ledger.Entry
	var stuck error
	for _, e := range ledger.Survivors(cfg, ledger.Read(cfg.Paths.RuntimeDir)) {
		if ctx.Err() != nil {
			return ended, context.Cause(ctx)
		}
		if len(names) > 0 && !slices.Contains(names, e.Name) {
			continue
		}
		p := &Process{
			census: ledger.NewCensus(),
			family: process.Family{Leader: e.Process, Mark: ledger.Mark(cfg.Paths.RuntimeDir, e.Name)},
		}
		p.watch(config.Service{}) // which has no probes
		if _, _, err := p.Terminate(StopTimeout(ServiceOf(cfg, e))); err != nil {
			p.Release()
			stuck = cmp.Or(stuck, err)
			continue
		}
		ended = append(ended, e)
	}
	return ended, stuck
}

// ServiceOf returns the service of a ledger's entry. One that the configuration no
// longer has is never restarted.
func ServiceOf(cfg *config.Config, e ledger.Entry) config.Service {
	if svc, ok := cfg.Service(e.Name); ok {
		return svc
	}
	return config.Service{
		Name: e.Name, Runtime: e.Runtime, Host: e.Host, Port: e.Port, Restart: config.Restart{Policy: "never"},
	}
}

// StopTimeout returns how long a service may take to end after SIGTERM before it
// gets SIGKILL.
func StopTimeout(svc config.Service) time.Duration {
	if configured := time.Duration(svc.StopTimeout); configured > 0 {
		return configured
	}
	return runtimestore.StopTimeout(svc.Runtime)
}
