package observe

import (
	"context"
	"os"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// CheckReadiness probes the readiness of a service, whose process is pid, once. It
// returns nil when the service is ready or has no readiness probe. A log probe
// also finds lines of earlier processes.
func CheckReadiness(ctx context.Context, cfg *config.Config, svc config.Service, pid int) error {
	p, ok := svc.ReadinessProbe()
	if !ok {
		return nil
	}
	prober, err := probe.New(
		p,
		probe.Target{
			Service: svc,
			Dir:     cfg.Dir,
			Env:     os.Environ(),
			Log:     control.LogPath(cfg, svc.Name),
			Key:     instance.ProbeKey(cfg, svc, pid, os.Environ()),
		},
	)
	if err != nil {
		return err
	}
	return prober.Ask(ctx).Err
}
