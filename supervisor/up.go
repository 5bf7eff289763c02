package supervisor

import (
	"context"
	"os"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// Up is Start with the router's configuration generated first, from the
// configuration as it is now and the profile in force (the default one when
// none was chosen), unless the router runs already. Faults: those of
// policy.Prepare, policy.Write and Start.
func Up(ctx context.Context, cfg *config.Config, o StartOptions) (control.Status, error) {
	if status, err := generate(ctx, cfg, o, routerRuns); err != nil {
		return status, err
	}
	return Start(ctx, cfg, o)
}

// Regenerate has the router's configuration follow the configuration as it is
// now, unless the router runs. Faults: those of policy.Prepare and policy.Write.
func Regenerate(ctx context.Context, cfg *config.Config, getenv func(string) string) error {
	_, err := generate(ctx, cfg, StartOptions{Getenv: getenv}, routerRuns)
	return err
}

// routerRuns is a status to leave the router's configuration alone in; so is
// one without a router.
func routerRuns(s control.Status) bool {
	router := s.Only(config.LiteLLM).Services
	return len(router) == 0 || router[0].Live
}

// Again is Restart with the router's configuration generated first. Nothing is
// stopped when that fails.
func Again(ctx context.Context, cfg *config.Config, o StartOptions) (control.Status, error) {
	if status, err := generate(ctx, cfg, o, func(control.Status) bool { return false }); err != nil {
		return status, err
	}
	return Restart(ctx, cfg, o)
}

// generate writes the router's configuration when o concerns the router and
// its status is not one to leave it alone.
func generate(ctx context.Context, cfg *config.Config, o StartOptions, leave func(control.Status) bool) (control.Status, error) {
	names, err := control.SelectServices(cfg, o.Services)
	if err != nil {
		return standing(ctx, cfg), err
	}
	if !slices.Contains(names, config.LiteLLM) {
		return offline(cfg), nil
	}
	if status, err := Query(ctx, cfg); err != nil || leave(status) {
		return status, err
	}
	lock, err := lockProfile(ctx, cfg)
	if err != nil {
		return offline(cfg), err
	}
	defer lock.Close()
	status, err := Query(ctx, cfg) // again: who held the lock may have started it
	if err != nil || leave(status) {
		return status, err
	}
	getenv := o.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	active, err := policy.Prepare(cfg, policy.CurrentOrDefault(cfg), getenv)
	if err != nil {
		return status, err
	}
	if same, err := inForce(cfg, active); err != nil || same {
		return status, err
	}
	_, err = policy.Write(cfg, active, time.Now())
	return status, err
}
