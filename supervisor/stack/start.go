package stack

import (
	"bytes"
	"context"
	"os"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/preview"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// StartFresh starts services as supervisor.Start does, after it wrote the router's
// configuration (see WriteRouterConfig), and records a generation of what got ready.
// Faults: those of policy.Prepare, policy.Write and supervisor.Start.
func StartFresh(ctx context.Context, cfg *config.Config, o change.Options) (control.Status, error) {
	before, err := writeRouterConfig(ctx, cfg, o.Start, isRouterRunning)
	if err != nil {
		return before, err
	}
	status, err := supervisor.Start(ctx, cfg, o.Start)
	if err == nil {
		record(ctx, o, cfg, "start", status)
	}
	status.Warnings = before.Warnings
	return status, err
}

// RestartFresh restarts services as supervisor.Restart does, after it wrote the
// router's configuration, and records a generation of what got ready. It stops
// nothing when the configuration cannot be written, or when the router would refuse it.
// Faults as for StartFresh.
func RestartFresh(ctx context.Context, cfg *config.Config, o change.Options) (control.Status, error) {
	never := func(control.Status) bool { return false }
	before, err := writeRouterConfig(ctx, cfg, o.Start, never)
	if err != nil {
		return before, err
	}
	status, err := supervisor.Restart(ctx, cfg, o.Start)
	if err == nil {
		record(ctx, o, cfg, "restart", status)
	}
	status.Warnings = before.Warnings
	return status, err
}

// WriteRouterConfig writes the router's configuration from the configuration as it
// is now and the profile in force (the default one when none was chosen), unless the
// router runs. Faults: those of policy.Prepare and policy.Write.
func WriteRouterConfig(ctx context.Context, cfg *config.Config, getenv func(string) string) error {
	_, err := writeRouterConfig(ctx, cfg, supervisor.StartOptions{Getenv: getenv}, isRouterRunning)
	return err
}

// isRouterRunning reports whether a stack's router runs. A stack without a router counts
// as one whose router runs.
func isRouterRunning(s control.Status) bool {
	router := s.Only(config.LiteLLM).Services
	return len(router) == 0 || router[0].Live
}

// writeRouterConfig writes the router's configuration when o concerns the router, unless
// keep returns true for the status of the stack. It returns that status.
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
	active, warnings, err := prepareRouterConfig(cfg, policy.CurrentOrDefault(cfg), getenvOf(o))
	if err != nil {
		return status, err
	}
	status.Warnings = warnings
	if same, err := isInForce(cfg, active); err != nil || same {
		return status, err
	}
	_, err = policy.Write(cfg, active, time.Now())
	return status, err
}

// prepareRouterConfig returns what policy.Prepare returns, and what the router will warn of.
// It is a fault when the embedded router would refuse the configuration: the line that the
// fault names is the user's, and nothing that runs has been stopped for it. Faults: those of
// policy.Prepare and preview.Warnings.
func prepareRouterConfig(cfg *config.Config, profile string, getenv func(string) string) (
	policy.Active, []config.Warning, error) {
	active, err := policy.Prepare(cfg, profile, getenv)
	if err != nil {
		return active, nil, err
	}
	if !preview.IsRouted(cfg) {
		return active, active.Warnings, nil
	}
	warnings, err := preview.Warnings(cfg, profile, getenv)
	return active, warnings, err
}

// getenvOf returns the environment that o looks references up in.
func getenvOf(o supervisor.StartOptions) func(string) string {
	if o.Getenv != nil {
		return o.Getenv
	}
	return os.Getenv
}

// isInForce reports whether the router's configuration on disk has the content of active.
func isInForce(cfg *config.Config, active policy.Active) (bool, error) {
	want, err := active.YAML()
	if err != nil {
		return false, err
	}
	have, err := safefile.Read(cfg.Paths.ActiveConfig, safefile.DocumentLimit)
	return err == nil && bytes.Equal(have, want), nil // a file that cannot be read is replaced
}
