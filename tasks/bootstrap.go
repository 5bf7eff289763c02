package tasks

import (
	"context"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/bootstrap"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor/stack"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
	"github.com/flowgate-go/flowgate/supervisor/stack/try"
)

// Bootstrap holds the targets that install runtimes.
type Bootstrap mg.Namespace

// Default installs the runtimes that the configuration's services need.
func (Bootstrap) Default(ctx context.Context, offline *bool) error {
	return runChanging(ctx, "bootstrap", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		return dataOrError(bootstrap.InstallNeeded(ctx, s.bootstrapRequest(cfg, "", offline)))
	})
}

// Cliproxyapi installs CLIProxyAPI from GitHub's releases, or from a file or a name on PATH.
func (Bootstrap) Cliproxyapi(
	ctx context.Context,
	version *string,
	from *string,
	sha256 *string,
	repository *string,
	offline *bool,
	pin *bool,
	insecureNoChecksum *bool,
) error {
	return runChanging(
		ctx,
		"bootstrap:cliproxyapi",
		func(ctx context.Context, s session, cfg *config.Config) (any, error) {
			r := s.bootstrapRequest(cfg, config.RuntimeCLIProxyAPI, offline)
			r.Version, r.From, r.SHA256, r.Repository = deref(version), deref(from), deref(sha256), deref(repository)
			r.NoChecksum, r.Pin = deref(insecureNoChecksum), deref(pin)
			return dataOrError(bootstrap.Install(ctx, r))
		},
	)
}

// Litellm installs LiteLLM into a virtual environment of its own, by uv or by python3 and pip.
func (Bootstrap) Litellm(ctx context.Context, version *string, from *string, offline *bool, pin *bool) error {
	return runChanging(ctx, "bootstrap:litellm", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		r := s.bootstrapRequest(cfg, config.RuntimeLiteLLM, offline)
		r.Version, r.From, r.Pin = deref(version), deref(from), deref(pin)
		return dataOrError(bootstrap.Install(ctx, r))
	})
}

// Embedded shows the router inside this program, which needs no installation.
func (Bootstrap) Embedded(ctx context.Context) error {
	return runReading(ctx, "bootstrap:embedded", func(context.Context, session, *config.Config) (any, error) {
		return bootstrap.Embedded(selfexec.Path(), version.String()), nil
	})
}

// List lists the installed runtimes and says which version of each is active.
func (Bootstrap) List(ctx context.Context) error {
	return runReading(ctx, "bootstrap:list", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return bootstrap.List(cfg, selfexec.Path(), version.String())
	})
}

// Outdated says which runtimes have a newer version; its answers may be up to a day old unless -online is given.
func (Bootstrap) Outdated(ctx context.Context, online *bool, offline *bool) error {
	return runChanging(ctx, "bootstrap:outdated", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		list, err := bootstrap.Outdated(ctx, s.bootstrapRequest(cfg, "", offline), deref(online), time.Now())
		if err != nil {
			return nil, err
		}
		return versionList(list), nil
	})
}

// bootstrapRequest returns a request with what all bootstrap targets share, and shows on a
// terminal that the bootstrap runs.
func (s session) bootstrapRequest(cfg *config.Config, runtime string, offline *bool) bootstrap.Request {
	s.out.Step("bootstrap")
	return bootstrap.Request{
		Config:   cfg,
		Runtime:  runtime,
		Offline:  deref(offline),
		Getenv:   s.getenv,
		Progress: s.out.Messages(),
		OnStep:   failpoint,
	}
}

// Update tries the latest version of a runtime (all: of each in use) alone and switches to it, or back if that fails.
func (Bootstrap) Update(
	ctx context.Context,
	runtime string,
	version *string,
	offline *bool,
	pin *bool,
	unpin *bool,
	skipProbe *bool,
	skipProbes *bool,
	timeout *time.Duration,
) error {
	return runChanging(ctx, "bootstrap:update", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		r := stack.UpdateRequest{
			Request:   s.bootstrapRequest(cfg, runtime, offline),
			Unpin:     deref(unpin),
			SkipProbe: deref(skipProbe),
		}
		r.Version, r.Pin = deref(version), deref(pin)
		o := s.stackOptions(cfg, nil, timeout)
		o.SkipProbes = deref(skipProbes)
		if runtime == "all" {
			return updateAll(ctx, o, cfg, r)
		}
		return dataOrError(stack.Update(ctx, o, cfg, r))
	})
}

// updates is the data of bootstrap:update all.
type updates struct {
	Updates []stack.Updated `json:"updates"`
}

// updateAll updates each runtime that the configuration uses, until one fails.
func updateAll(ctx context.Context, o change.Options, cfg *config.Config, r stack.UpdateRequest) (any, error) {
	if r.Version != "" {
		return nil, fault.Usage("flag-invalid", "-version names the version of one runtime, but all runtimes were named").
			WithHint("usage: mage bootstrap:update RUNTIME -version=%s", r.Version)
	}
	done := updates{Updates: []stack.Updated{}}
	for _, svc := range cfg.Services {
		if svc.Runtime != config.RuntimeLiteLLM && svc.Runtime != config.RuntimeCLIProxyAPI {
			continue // embedded, or the user's own
		}
		r.Runtime = svc.Runtime
		one, err := stack.Update(ctx, o, cfg, r)
		if err != nil {
			return done, err
		}
		done.Updates = append(done.Updates, one)
	}
	return done, nil
}

// Gc removes the versions that are not active, not pinned and not part of a kept generation.
func (Bootstrap) Gc(ctx context.Context, dryRun *bool) error {
	return runWithConfig(
		ctx,
		"bootstrap:gc",
		!deref(dryRun),
		func(ctx context.Context, _ session, cfg *config.Config) (any, error) {
			return dataOrError(stack.RemoveUnused(ctx, cfg, deref(dryRun)))
		},
	)
}

// Runtimes holds the targets that examine runtimes.
type Runtimes mg.Namespace

// Probe starts a version of a runtime alone on a spare port and sends it every request that FlowGate relies on.
func (Runtimes) Probe(ctx context.Context, runtime string, version *string, timeout *time.Duration) error {
	return runChanging(ctx, "runtimes:probe", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		return dataOrError(try.Run(ctx, s.stackOptions(cfg, nil, timeout), cfg, runtime, deref(version), s.out.Stream))
	})
}
