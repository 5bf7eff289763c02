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

// EndSurvivors ends services without a supervisor, and returns those it ended.
// No names means all of them.
func EndSurvivors(ctx context.Context, cfg *config.Config, names []string) ([]ledger.Entry, error) {
	var ended []ledger.Entry
	var stuck error // the first process that does not end
	for _, e := range ledger.Survivors(cfg, ledger.Read(cfg.Paths.RuntimeDir)) {
		if ctx.Err() != nil {
			return ended, context.Cause(ctx)
		}
		if len(names) > 0 && !slices.Contains(names, e.Name) {
			continue
		}
		run := &Process{
			census: ledger.NewCensus(),
			family: process.Family{Leader: e.Process, Mark: ledger.Mark(cfg.Paths.RuntimeDir, e.Name)},
		}
		run.watch(config.Service{})
		if _, _, err := run.Terminate(StopTimeout(ServiceOfEntry(cfg, e))); err != nil {
			run.Release()
			stuck = cmp.Or(stuck, err)
			continue
		}
		ended = append(ended, e)
	}
	return ended, stuck
}

func ServiceOfEntry(cfg *config.Config, e ledger.Entry) config.Service {
	if svc, ok := cfg.Service(e.Name); ok {
		return svc
	}
	return config.Service{Name: e.Name, Runtime: e.Runtime, Host: e.Host, Port: e.Port, Restart: config.Restart{Policy: "never"}}
}

// StopTimeout is from SIGTERM to SIGKILL.
func StopTimeout(svc config.Service) time.Duration {
	if own := time.Duration(svc.StopTimeout); own > 0 {
		return own
	}
	return runtimestore.StopTimeout(svc.Runtime)
}
