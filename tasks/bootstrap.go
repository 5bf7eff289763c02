package tasks

import (
	"context"
	"os"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/bootstrap"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor/stack"
)

// Bootstrap holds the targets that install what services run.
type Bootstrap mg.Namespace

// Default installs the runtimes that the configuration's services need.
func (Bootstrap) Default(ctx context.Context, offline *bool) error {
	return withConfig(ctx, "bootstrap", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		return orNothing(bootstrap.InstallNeeded(ctx, s.installing(cfg, "", offline)))
	})
}

// Cliproxyapi installs CLIProxyAPI from GitHub's releases, or from a file or a name on PATH.
func (Bootstrap) Cliproxyapi(ctx context.Context, version *string, from *string, sha256 *string, repository *string, offline *bool, pin *bool, insecureNoChecksum *bool) error {
	return withConfig(ctx, "bootstrap:cliproxyapi", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		r := s.installing(cfg, config.RuntimeCLIProxyAPI, offline)
		r.Version, r.From, r.SHA256, r.Repository = value(version), value(from), value(sha256), value(repository)
		r.NoChecksum, r.Pin = value(insecureNoChecksum), value(pin)
		return orNothing(bootstrap.Install(ctx, r))
	})
}

// Litellm installs LiteLLM into a virtual environment of its own, by uv or by python3 and pip.
func (Bootstrap) Litellm(ctx context.Context, version *string, from *string, offline *bool, pin *bool) error {
	return withConfig(ctx, "bootstrap:litellm", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		r := s.installing(cfg, config.RuntimeLiteLLM, offline)
		r.Version, r.From, r.Pin = value(version), value(from), value(pin)
		return orNothing(bootstrap.Install(ctx, r))
	})
}

// Embedded says that the router inside this program needs no installation.
func (Bootstrap) Embedded(ctx context.Context) error {
	return looking(ctx, "bootstrap:embedded", func(context.Context, session, *config.Config) (any, error) {
		return bootstrap.Embedded(selfexec.Path(), version.String()), nil
	})
}

// List lists the runtimes that are installed and which version is active.
func (Bootstrap) List(ctx context.Context) error {
	return looking(ctx, "bootstrap:list", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return bootstrap.List(cfg, selfexec.Path(), version.String())
	})
}

// Outdated says which runtimes have a newer version; answers are a day old at most unless asked -online.
func (Bootstrap) Outdated(ctx context.Context, online *bool, offline *bool) error {
	return withConfig(ctx, "bootstrap:outdated", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		return bootstrap.Outdated(ctx, s.installing(cfg, "", offline), value(online), time.Now())
	})
}

// installing is a request without particulars.
func (s session) installing(cfg *config.Config, runtime string, offline *bool) bootstrap.Request {
	return bootstrap.Request{Config: cfg, Runtime: runtime, Offline: value(offline), Getenv: os.Getenv, Progress: os.Stderr, At: failpoint}
}

// Update tries a runtime's latest version, or the one named, alone, and switches to it; what fails is taken back.
func (Bootstrap) Update(ctx context.Context, runtime string, version *string, offline *bool, pin *bool, unpin *bool, skipProbe *bool, skipProbes *bool, timeout *time.Duration) error {
	return withConfig(ctx, "bootstrap:update", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		r := stack.UpdateRequest{Request: s.installing(cfg, runtime, offline), Unpin: value(unpin), SkipProbe: value(skipProbe)}
		r.Version, r.Pin = value(version), value(pin)
		o := s.changing(cfg, nil, timeout)
		o.SkipProbes = value(skipProbes)
		return orNothing(stack.Update(ctx, o, cfg, r))
	})
}

// Gc removes the versions that are not active, not pinned and in no kept generation.
func (Bootstrap) Gc(ctx context.Context, dryRun *bool) error {
	return changingIf(ctx, "bootstrap:gc", !value(dryRun), func(ctx context.Context, _ session, cfg *config.Config) (any, error) {
		return orNothing(stack.Collect(ctx, cfg, value(dryRun)))
	})
}

// Runtimes holds the targets that examine runtimes.
type Runtimes mg.Namespace

// Probe starts a version of a runtime alone on a spare port and sends it every request that FlowGate relies on.
func (Runtimes) Probe(ctx context.Context, runtime string, version *string, timeout *time.Duration) error {
	return withConfig(ctx, "runtimes:probe", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		return orNothing(stack.Probe(ctx, s.changing(cfg, nil, timeout), cfg, runtime, value(version), s.out.Stream))
	})
}
