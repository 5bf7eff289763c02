// Package stack starts and changes a stack: StartFresh, RestartFresh, SetProfile,
// Migrate and ExtractKeys record a generation of what got ready; Update tries a runtime's new version
// alone (package try) and switches to it. Package change has what can be taken back
// and how (Rollback, Recover), package journal the record of a change in progress.
package stack

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/extract"
	"github.com/flowgate-go/flowgate/internal/config/rewrite"
	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// record adds a generation of a stack that is ready. A failure to record is an event,
// not a fault of the command, which has succeeded.
func record(ctx context.Context, o change.Options, cfg *config.Config, reason string, status control.Status) {
	if len(status.Services) == 0 || status.CheckHealth() != nil {
		return
	}
	g, recorded, err := generation.Record(
		ctx,
		generation.RecordRequest{
			Config:  cfg,
			Env:     o.Environment(),
			Secrets: change.KnownSecrets(cfg, o.Getenv),
			Reason:  reason,
			Now:     time.Now(),
		},
	)
	e := control.Event{
		Event:   control.EventGenerationRecorded,
		Profile: g.Profile,
		Result:  "ok",
		Detail:  change.Describe(g),
	}
	if err != nil {
		e.Event, e.Result, e.Detail = control.EventGenerationUnrecorded, "error", reason+": "+err.Error()
	}
	if recorded || err != nil {
		_ = supervisor.RecordEvent(cfg, e) // fails only on a full disk
	}
}

// Migrate migrates the configuration file as rewrite.Migrate does, and records a
// generation when the stack is ready: the new file means the same to it.
func Migrate(ctx context.Context, o change.Options, dryRun bool, now time.Time) (rewrite.Migration, error) {
	m, err := rewrite.Migrate(o.File, dryRun, now, o.Getenv)
	if err == nil && m.Changed && !dryRun {
		recordRewrite(ctx, o, "config:migrate")
	}
	return m, err
}

// ExtractKeys moves the keys of the configuration file as extract.Keys does, and records a generation when the stack
// is ready: the new file means the same to it.
func ExtractKeys(ctx context.Context, o change.Options, dryRun bool) (extract.Result, error) {
	r, err := extract.Keys(o.File, dryRun, o.Getenv)
	if r.Changed && !dryRun {
		recordRewrite(ctx, o, "config:extract-keys")
	}
	return r, err
}

// recordRewrite adds a generation after a command that rewrote the configuration file without another meaning.
func recordRewrite(ctx context.Context, o change.Options, command string) {
	if cfg, err := o.Load(); err == nil {
		if status, err := supervisor.Query(ctx, cfg); err == nil {
			record(ctx, o, cfg, command, status)
		}
	}
}
