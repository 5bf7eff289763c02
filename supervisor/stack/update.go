package stack

import (
	"context"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/bootstrap"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
	"github.com/flowgate-go/flowgate/supervisor/stack/journal"
	"github.com/flowgate-go/flowgate/supervisor/stack/try"
)

// Updated is what Update did.
type Updated struct {
	Runtime   string          `json:"runtime"`
	From      string          `json:"from"` // version; "" when none was active
	To        string          `json:"to"`
	Changed   bool            `json:"changed"`
	Restarted []string        `json:"restarted"`
	Verified  bool            `json:"verified"` // requests were answered by the router with the new version
	Probes    []report.Result `json:"probes"`   // of the new version alone
	Runtimes  []store.Install `json:"runtimes"` // the new version
	Warnings  []string        `json:"warnings"`
}

// UpdateRequest is the request for an install, with the options of an update.
type UpdateRequest struct {
	bootstrap.Request
	Unpin     bool // remove a pin
	SkipProbe bool // switch without trying the new version alone first
}

// Update installs another version of a runtime, the latest unless one is named,
// tries it alone (try.Run), switches to it, restarts the service that runs it and
// sends requests through it. If any of that fails, the stack is as it was before; a new
// version that was installed stays in the store, inactive. Faults: version-pinned, those of
// bootstrap.Install, probe-missing, update-failed; runtime-unused when no version of the runtime
// is active and no service runs it.
func Update(ctx context.Context, o change.Options, cfg *config.Config, r UpdateRequest) (Updated, error) {
	u := Updated{Runtime: r.Runtime, Restarted: []string{}, Probes: []report.Result{}, Warnings: []string{}}
	if err := checkPin(cfg, r); err != nil {
		return u, err
	}
	old, active := store.Current(cfg, r.Runtime)
	if err := checkUse(cfg, r.Runtime); err != nil && !active {
		return u, err
	}
	u.From = old.Version
	pin := r.Pin
	r.Latest, r.Inactive, r.Pin, r.Config = true, true, false, cfg
	result, err := bootstrap.Install(ctx, r.Request)
	if err != nil {
		return u, err
	}
	in := result.Runtimes[0]
	u.To, u.Runtimes, u.Warnings = in.Version, result.Runtimes, result.Warnings
	o.ReportStep("installed")
	if err := store.CheckSigned(in); err != nil {
		return u, err
	}
	if !in.Active {
		if !r.SkipProbe {
			if u.Probes, err = tryAlone(ctx, o, cfg, in); err != nil {
				return u, err
			}
			o.ReportStep("probed")
		}
		if err := switchTo(ctx, o, cfg, in, &u); err != nil {
			return u, err
		}
		u.Runtimes[0].Active = true
	}
	if pin {
		err = store.Pin(cfg, r.Runtime, in.Version)
		u.Runtimes[0].Pinned = err == nil
	}
	return u, err
}

// checkUse returns a fault when no service of the configuration runs the runtime. Names that
// cannot be installed are left to bootstrap.Install. Fault: runtime-unused.
func checkUse(cfg *config.Config, runtime string) error {
	installable := runtime == config.RuntimeLiteLLM || runtime == config.RuntimeCLIProxyAPI
	used := slices.ContainsFunc(cfg.Services, func(svc config.Service) bool { return svc.Runtime == runtime })
	if used || !installable {
		return nil
	}
	return fault.Usage("runtime-unused",
		"%s is not in use: no service of the configuration runs it; nothing was changed", runtime).
		WithHint("mage bootstrap %s installs it", runtime)
}

// checkPin returns a fault when the runtime is pinned to another version. With r.Unpin
// it removes the pin. Fault: version-pinned.
func checkPin(cfg *config.Config, r UpdateRequest) error {
	pin := store.PinnedVersion(cfg, r.Runtime)
	switch {
	case pin == "" || pin == strings.TrimPrefix(r.Version, "v"):
		return nil
	case r.Unpin:
		return store.Pin(cfg, r.Runtime, "")
	}
	return fault.Usage("version-pinned", "%s is pinned to %s", r.Runtime, pin).
		WithHint("bootstrap -pin did that; add -unpin to remove it")
}

// tryAlone probes the new version alone. Fault: probe-missing.
func tryAlone(ctx context.Context, o change.Options, cfg *config.Config, in store.Install) ([]report.Result, error) {
	checked, err := try.RunProgram(
		ctx, o, cfg, try.Result{Runtime: in.Name, Version: in.Version, Program: in.Executable()}, nil,
	)
	if err != nil {
		return nil, err
	}
	if missing := checked.Data.(try.Result).Missing; len(missing) > 0 {
		return checked.Checks, fault.New(
			"probe-missing",
			"%s %s does not do what FlowGate relies on: %s; nothing was switched",
			in.Name,
			in.Version,
			strings.Join(missing, ", "),
		).
			WithHint("mage runtimes:probe %s -version=%s shows each; the version in use stays", in.Name, in.Version).WithDetail(
			checked.Data,
		)
	}
	return checked.Checks, nil
}

// switchTo makes the install the active one, under the journal.
func switchTo(ctx context.Context, o change.Options, cfg *config.Config, in store.Install, u *Updated) error {
	lock, err := supervisor.LockChanges(ctx, cfg)
	if err != nil {
		return err
	}
	defer lock.Close()
	root := cfg.Paths.Root()
	c := change.Change{
		Root:    root,
		Before:  cfg,
		After:   cfg,
		Links:   []string{in.Name},
		Paths:   []string{generation.CurrentPath(root)},
		Journal: journal.Entry{Kind: "bootstrap:update", From: generation.Current(root)},
	}
	c.Steps = []change.Step{{
		Name: "runtime:" + in.Name, Do: func() error { return store.Activate(cfg, in.Name, in.Folder()) },
	}}
	for _, svc := range cfg.Services {
		if svc.Runtime == in.Name {
			c.Restart = append(c.Restart, svc.Name)
		}
	}
	u.Restarted, err = c.Make(ctx, o, "update-failed")
	recordUpdate(cfg, in.Name+" "+u.From+" to "+in.Version, err)
	if err != nil {
		u.Restarted = []string{}
		return err
	}
	u.Changed, u.Verified = true, c.Verified
	if status, err := supervisor.Query(ctx, cfg); err == nil {
		record(ctx, o, cfg, "bootstrap:update", status)
	}
	return nil
}

// recordUpdate adds the event of an update that succeeded, or failed with err.
func recordUpdate(cfg *config.Config, detail string, err error) {
	e := control.Event{Event: control.EventRuntimeUpdated, Result: "ok", Detail: detail}
	if err != nil {
		e = control.Event{Event: control.EventUpdateFailed, Result: "error", Detail: detail + ": " + err.Error()}
	}
	_ = supervisor.RecordEvent(cfg, e)
}

// RemoveUnused removes versions that are neither active nor pinned nor part of a kept
// generation, and returns them. With dryRun it removes nothing.
func RemoveUnused(ctx context.Context, cfg *config.Config, dryRun bool) (bootstrap.Listing, error) {
	if !dryRun { // a dry run makes no file, not even a lock
		lock, err := supervisor.LockChanges(ctx, cfg)
		if err != nil {
			return bootstrap.Listing{}, err
		}
		defer lock.Close()
	}
	all, _, err := generation.List(cfg.Paths.Root())
	if err != nil {
		return bootstrap.Listing{}, err
	}
	needed := map[string]bool{}
	for _, g := range all {
		for _, r := range g.Runtimes {
			needed[r.Runtime+"/"+r.Folder] = true
		}
	}
	return bootstrap.RemoveUnused(cfg, func(in store.Install) bool {
		return needed[in.Name+"/"+in.Folder()]
	}, dryRun)
}
