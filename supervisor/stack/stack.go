// Package stack changes what a stack runs from so that it can be taken back:
// Up, Again, SetProfile and Migrate record a generation of what got ready,
// Rollback restores one, Update tries a runtime's new version and switches to
// it, Probe examines one. Recover ends what a killed command left half-done.
//
// A change is written down before it begins (journal.go): whatever happens, the
// stack is as it was or as it was to be, and the next command knows which.
package stack

import (
	"context"
	"github.com/flowgate-go/flowgate/internal/config/rewrite"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// record adds a generation of a stack that is ready. That it could not is an
// event and no fault of the command, which did what it was to do.
func record(ctx context.Context, o change.Options, cfg *config.Config, reason string, status control.Status) {
	if len(status.Services) == 0 || status.Unhealthy() != nil {
		return
	}
	g, recorded, err := generation.Record(ctx, generation.RecordRequest{Config: cfg, Env: o.Environment(), Secrets: change.KnownSecrets(cfg, o.Getenv), Reason: reason, Now: time.Now()})
	e := control.Event{Event: control.EventGenerationRecorded, Profile: g.Profile, Result: "ok", Detail: change.Describe(g)}
	if err != nil {
		e.Event, e.Result, e.Detail = control.EventGenerationUnrecorded, "error", reason+": "+err.Error()
	}
	if recorded || err != nil {
		_ = supervisor.RecordEvent(cfg, e) // a full disk; nothing to add to that
	}
}

// Migrate is rewrite.Migrate that records the new file when the stack, which it
// means the same for, is ready.
func Migrate(ctx context.Context, o change.Options, dryRun bool, now time.Time) (rewrite.Migration, error) {
	m, err := rewrite.Migrate(o.File, dryRun, now, o.Getenv)
	if err != nil || dryRun || !m.Changed {
		return m, err
	}
	if cfg, err := o.Load(); err == nil {
		if status, err := supervisor.Query(ctx, cfg); err == nil {
			record(ctx, o, cfg, "config:migrate", status)
		}
	}
	return m, nil
}
