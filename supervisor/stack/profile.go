package stack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// ProfileChange is what SetProfile did.
type ProfileChange struct {
	From      string           `json:"from"` // "" when none was active
	To        string           `json:"to"`
	Changed   bool             `json:"changed"`   // false when the profile was in force already
	Restarted []string         `json:"restarted"` // services
	Warnings  []config.Warning `json:"warnings"`
	Status    control.Status   `json:"status"`
}

// ProfileFailure is the detail of the fault profile-not-ready: what happened with
// the new profile, and with the one that was restored.
type ProfileFailure struct {
	Profile  string           `json:"profile"`
	Problem  string           `json:"problem"`
	Failure  *control.Failure `json:"failure,omitempty"`
	Restored string           `json:"restored"` // the profile in force again; "" when none was before
	// RestoredProblem is empty when the router is ready again, or was not to be started.
	RestoredProblem string           `json:"restored_problem,omitempty"`
	RestoredFailure *control.Failure `json:"restored_failure,omitempty"`
}

// SetProfile puts a profile in force: it writes the router's configuration and the
// state, restarts the router if it runs, and records a generation of what got ready.
// When the router does not get ready, SetProfile restores what was before and
// restarts the router with it; that is the fault profile-not-ready. Other faults:
// those of policy.Prepare and supervisor.Restart.
func SetProfile(ctx context.Context, cfg *config.Config, name string, o change.Options) (ProfileChange, error) {
	result := ProfileChange{
		From: control.ActiveProfile(cfg), To: name, Restarted: []string{}, Warnings: []config.Warning{},
	}
	active, warnings, err := prepareRouterConfig(cfg, name, getenvOf(o.Start))
	if err != nil {
		return result, err
	}
	result.Warnings = append(result.Warnings, warnings...)
	lock, err := supervisor.LockChanges(ctx, cfg)
	if err != nil {
		return result, err
	}
	result.From = control.ActiveProfile(cfg)
	result, err = applyProfile(ctx, cfg, active, result, o.Start)
	_ = lock.Close()
	if err == nil && result.Changed {
		record(ctx, o, cfg, "profile:set", result.Status)
	}
	return result, err
}

// applyProfile puts a profile in force; its caller holds the lock.
func applyProfile(
	ctx context.Context,
	cfg *config.Config,
	active policy.Active,
	result ProfileChange,
	o supervisor.StartOptions,
) (ProfileChange, error) {
	status, err := supervisor.Query(ctx, cfg)
	result.Status = status
	if err != nil {
		return result, err
	}
	if same, err := isInForce(cfg, active); err != nil || same && result.From == result.To {
		return result, err
	}
	previous, err := policy.Write(cfg, active, time.Now())
	if err != nil {
		return result, err
	}
	o.Services = routerToRestart(status)
	if len(o.Services) > 0 {
		result.Status, err = supervisor.Restart(ctx, cfg, o)
		if err != nil {
			return restoreProfile(ctx, cfg, previous, result, err, o)
		}
		result.Restarted = o.Services
	}
	result.Changed = true
	result.Status.Profile = result.To
	_ = supervisor.RecordEvent(cfg, control.Event{ // a full disk has been noticed by policy.Write
		Event: control.EventProfileChanged, Profile: result.To, Result: "ok", Detail: fmt.Sprintf("from %q", result.From),
	})
	return result, nil
}

// restoreProfile restores the files that were there before the change. It restarts the
// router with them unless a stop interrupted the change.
func restoreProfile(
	ctx context.Context,
	cfg *config.Config,
	previous *policy.Previous,
	result ProfileChange,
	cause error,
	o supervisor.StartOptions,
) (ProfileChange, error) {
	detail := ProfileFailure{
		Profile: result.To, Problem: cause.Error(), Failure: failureOf(cause), Restored: result.From,
	}
	ending := "the profile before is in force again"
	err := previous.Restore()
	if err == nil && fault.From(cause).Code != "start-interrupted" {
		// Also after Ctrl-C: the router must not stay on a configuration that was not seen ready.
		result.Status, err = supervisor.Restart(context.WithoutCancel(ctx), cfg, o)
		ending = "the profile before is in force again and the router ready"
	}
	if err != nil {
		detail.RestoredProblem, detail.RestoredFailure = err.Error(), failureOf(err)
		ending = "and with the one before: " + err.Error()
	}
	_ = supervisor.RecordEvent(cfg, control.Event{
		Event: control.EventProfileChanged, Profile: result.From, Result: "error",
		Detail: fmt.Sprintf("%q was taken back: %v", result.To, cause),
	})
	if ctx.Err() != nil {
		return result, context.Cause(ctx)
	}
	f := fault.New("profile-not-ready", "profile %q: %w; %s", result.To, cause, ending)
	return result, f.WithHint("mage profile:diff %s %s shows what differs; mage logs %s what the router said",
		result.From, result.To, config.LiteLLM).WithDetail(detail)
}

// failureOf returns the detail of a fault about one service, nil when it has none.
func failureOf(err error) *control.Failure {
	var f *fault.Error
	if !errors.As(err, &f) {
		return nil
	}
	if failure, ok := f.Detail.(control.Failure); ok {
		return &failure
	}
	return nil
}

// routerToRestart returns the router when it runs or is about to.
func routerToRestart(status control.Status) []string {
	for _, s := range status.Services {
		if s.Name == config.LiteLLM && status.Supervisor != nil && control.IsActive(s.State) {
			return []string{s.Name}
		}
	}
	return nil
}
