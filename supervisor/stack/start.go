package stack

import (
	"bytes"
	"context"
	"os"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// StartFresh starts services as supervisor.Start does, after it wrote the router's
// configuration (see WriteRouterConfig), and records a generation of what got ready.
// Faults: those of policy.Prepare, policy.Write and supervisor.Start.
func StartFresh(ctx context.Context, cfg *config.Config, o change.Options) (control.Status, error) {
	if status, err := writeRouterConfig(ctx, cfg, o.Start, isRouterRunning); err != nil {
		return status, err
	}
	status, err := supervisor.Start(ctx, cfg, o.Start)
	if err == nil {
		record(ctx, o, cfg, "start", status)
	}
	return status, err
}

// RestartFresh restarts services as supervisor.Restart does, after it wrote the
// router's configuration, and records a generation of what got ready. It stops
// nothing when the configuration cannot be written. Faults as for StartFresh.
func RestartFresh(ctx context.Context, cfg *config.Config, o change.Options) (control.Status, error) {
	always := func(control.Status) bool { return false }
	if status, err := writeRouterConfig(ctx, cfg, o.Start, always); err != nil {
		return status, err
	}
	status, err := supervisor.Restart(ctx, cfg, o.Start)
	if err == nil {
		record(ctx, o, cfg, "restart", status)
	}
	return status, err
}

// WriteRouterConfig writes the router's configuration from the configuration as it
// is now and the profile in force (the default one when none was chosen), unless the
// router runs. Faults: those of policy.Prepare and policy.Write.
func WriteRouterConfig(ctx context.Context, cfg *config.Config, getenv func(string) string) error {
	_, err := writeRouterConfig(ctx, cfg, supervisor.StartOptions{Getenv: getenv}, isRouterRunning)
	return err
}

// isRouterRunning reports whether a stack's router runs, or has none.
func isRouterRunning(s control.Status) bool {
	router := s.Only(config.LiteLLM).Services
	return len(router) == 0 || router[0].Live
}

// writeRouterConfig writes the router's configuration when o concerns the router,
// unless keep returns true for the status of the stack.
func writeRouterConfig(
	ctx context.Context,
	cfg *config.Config,
	o supervisor.StartOptions,
	keep func(control.Status) bool,
) (control.Status, error) {
	names, err := control.SelectServices(cfg, o.Services)
	if err != nil {
		status, _ := supervisor.Query(ctx, cfg) // which is valid with an error too
		return status, err
	}
	if !slices.Contains(names, config.LiteLLM) {
		return control.Status{}, nil
	}
	status, err := supervisor.Query(ctx, cfg)
	if err != nil || keep(status) {
		return status, err
	}
	lock, err := supervisor.LockChanges(ctx, cfg)
	if err != nil {
		return status, err
	}
	defer lock.Close()
	status, err = supervisor.Query(ctx, cfg) // again: the command that had the lock may have started the router
	if err != nil || keep(status) {
		return status, err
	}
	active, err := policy.Prepare(cfg, policy.CurrentOrDefault(cfg), getenvOf(o))
	if err != nil {
		return status, err
	}
	if same, err := isInForce(cfg, active); err != nil || same {
		return status, err
	}
	_, err = policy.Write(cfg, active, time.Now())
	return status, err
}

// getenvOf returns the environment that o looks references up in.
func getenvOf(o supervisor.StartOptions) func(string) string {
	if o.Getenv != nil {
		return o.Getenv
	}
	return os.Getenv
}

// isInForce reports whether the router's configuration on disk is already active.
func isInForce(cfg *config.Config, active policy.Active) (bool, error) {
	want, err := active.YAML()
	if err != nil {
		return false, err
	}
	have, err := safefile.Read(cfg.Paths.ActiveConfig, safefile.DocumentLimit)
	return err == nil && bytes.Equal(have, want), nil // a file that cannot be read is replaced
}
