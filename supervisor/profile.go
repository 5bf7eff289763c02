package supervisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// ProfileChange is what SetProfile did.
type ProfileChange struct {
	From      string           `json:"from"` // "" when none was active
	To        string           `json:"to"`
	Changed   bool             `json:"changed"`   // false: everything was so already
	Restarted []string         `json:"restarted"` // services
	Warnings  []config.Warning `json:"warnings"`
	Status    control.Status   `json:"status"`
}

// ProfileFailure is the detail of the fault profile-not-ready: what happened
// with the new profile, and with the one that was put back.
type ProfileFailure struct {
	Profile  string           `json:"profile"`
	Problem  string           `json:"problem"`
	Failure  *control.Failure `json:"failure,omitempty"`
	Restored string           `json:"restored"` // the profile in force again; "" when none was before
	// RestoredProblem is empty when the router is ready again, or was not to be started.
	RestoredProblem string           `json:"restored_problem,omitempty"`
	RestoredFailure *control.Failure `json:"restored_failure,omitempty"`
}

// SetProfile puts a profile in force: writes the router's configuration and the
// state, and restarts the router if it runs. When it does not get ready, what
// was before is put back and the router restarted with it; that is the fault
// profile-not-ready. Other faults: those of policy.Prepare and of Restart.
func SetProfile(ctx context.Context, cfg *config.Config, name string, o StartOptions) (ProfileChange, error) {
	change := ProfileChange{From: control.ActiveProfile(cfg), To: name, Restarted: []string{}, Warnings: []config.Warning{}}
	getenv := o.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	active, err := policy.Prepare(cfg, name, getenv)
	if err != nil {
		return change, err
	}
	change.Warnings = append(change.Warnings, active.Warnings...)
	lock, err := lockProfile(ctx, cfg)
	if err != nil {
		return change, err
	}
	defer lock.Close()
	change.From = control.ActiveProfile(cfg)
	return applyProfile(ctx, cfg, active, change, o)
}

// profileWait is how long a command waits for another that changes the
// router's configuration; the real LiteLLM may take two minutes to get ready.
const profileWait = 5 * time.Minute

// lockProfile makes its holder the only one that changes the router's
// configuration: two at once would put back each other's files.
func lockProfile(ctx context.Context, cfg *config.Config) (io.Closer, error) {
	if err := control.EnsureRuntimeDir(cfg.Paths.RuntimeDir); err != nil {
		return nil, err
	}
	lock, err := control.AcquireLock(ctx, control.ChangeLockPath(cfg.Paths.RuntimeDir), profileWait)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, control.UnwritableFault(cfg.Paths.RuntimeDir, err)
	}
	return lock, nil
}

func applyProfile(ctx context.Context, cfg *config.Config, active policy.Active, change ProfileChange, o StartOptions) (ProfileChange, error) {
	status, err := Query(ctx, cfg)
	change.Status = status
	if err != nil {
		return change, err
	}
	if same, err := inForce(cfg, active); err != nil || same && change.From == change.To {
		return change, err
	}
	previous, err := policy.Write(cfg, active, time.Now())
	if err != nil {
		return change, err
	}
	o.Services = routerToRestart(status)
	if len(o.Services) > 0 {
		change.Status, err = Restart(ctx, cfg, o)
		if err != nil {
			return takeBack(ctx, cfg, previous, change, err, o)
		}
		change.Restarted = o.Services
	}
	change.Changed = true
	change.Status.Profile = change.To
	_ = control.AppendEvents(cfg.Paths.LogFile, control.Event{Event: control.EventProfileChanged, Profile: change.To, Result: "ok",
		Detail: fmt.Sprintf("from %q", change.From)}) // a full disk has been noticed by Write
	return change, nil
}

// takeBack puts the files before the change back. The router is restarted with
// them unless somebody stopped it meanwhile.
func takeBack(ctx context.Context, cfg *config.Config, previous *policy.Previous, change ProfileChange, cause error, o StartOptions) (ProfileChange, error) {
	detail := ProfileFailure{Profile: change.To, Problem: cause.Error(), Failure: failureOf(cause), Restored: change.From}
	ending := "the profile before is in force again"
	err := previous.Restore()
	if err == nil && fault.From(cause).Code != "start-interrupted" {
		// Also after Ctrl-C: the router must not stay on what was not seen ready.
		change.Status, err = Restart(context.WithoutCancel(ctx), cfg, o)
		ending = "the profile before is in force again and the router ready"
	}
	if err != nil {
		detail.RestoredProblem, detail.RestoredFailure = err.Error(), failureOf(err)
		ending = "and with the one before: " + err.Error()
	}
	_ = control.AppendEvents(cfg.Paths.LogFile, control.Event{Event: control.EventProfileChanged, Profile: change.From, Result: "error",
		Detail: fmt.Sprintf("%q was taken back: %v", change.To, cause)})
	if ctx.Err() != nil {
		return change, context.Cause(ctx)
	}
	f := fault.New("profile-not-ready", "profile %q: %w; %s", change.To, cause, ending)
	return change, f.WithHint("mage profile:diff %s %s shows what differs; mage logs %s what the router said",
		change.From, change.To, config.LiteLLM).WithDetail(detail)
}

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

// inForce reports whether the router's configuration is already what active says.
func inForce(cfg *config.Config, active policy.Active) (bool, error) {
	want, err := active.YAML()
	if err != nil {
		return false, err
	}
	have, err := safefile.Read(cfg.Paths.ActiveConfig, safefile.DocumentLimit)
	return err == nil && bytes.Equal(have, want), nil // a file that cannot be read is replaced
}

// routerToRestart is the router when it runs or is about to.
func routerToRestart(status control.Status) []string {
	for _, s := range status.Services {
		if s.Name == config.LiteLLM && status.Supervisor != nil && control.IsActive(s.State) {
			return []string{s.Name}
		}
	}
	return nil
}
