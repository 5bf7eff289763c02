package tasks

import (
	"context"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// stopped is the data of a stop that restored clients.
type stopped struct {
	control.Status
	Clients []client.Changed `json:"clients"`
}

// restoresOnStop reports whether a stop of a service, "" for all, takes the settings out of the
// clients that point at the router: when it was asked to, or when the configuration of a trusted
// installation says so and the router is among what is stopped.
func (s session) restoresOnStop(cfg *config.Config, service string, asked bool) bool {
	isRouter := service == "" || service == config.LiteLLM
	return asked || isRouter && s.trust.Trusted && cfg.Integration.RestoreOnStop
}

// restorePointed restores the clients that point at this installation's router. One that cannot
// be restored does not keep the others from it; the first error is returned.
func (s session) restorePointed(ctx context.Context, cfg *config.Config) ([]client.Changed, error) {
	restored := []client.Changed{}
	all, err := client.All()
	for _, c := range all {
		t := s.restoreTarget(cfg, c)
		if c.Status(t, s.getenv).Points != client.PointsRouter {
			continue
		}
		done, failure := client.Restore(ctx, c, t, s.clientOptions(false))
		restored = append(restored, done)
		if failure != nil && err == nil {
			err = failure
		}
	}
	return restored, err
}
