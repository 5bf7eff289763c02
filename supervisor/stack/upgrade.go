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
	"os"
	"os/exec"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// Options steer the functions of this package. The zero value works on the
// built-in default in the working folder.
type Options struct {
	File       string // configuration file; "" means the built-in default
	Start      supervisor.StartOptions
	SkipProbes bool              // ready is enough, no requests are sent
	At         func(step string) // called at each step of a change; may be nil
}

func (o Options) at(step string) {
	if o.At != nil {
		o.At(step)
	}
}

func (o Options) getenv(name string) string {
	if o.Start.Getenv != nil {
		return o.Start.Getenv(name)
	}
	return os.Getenv(name)
}

func (o Options) environ() []string {
	if o.Start.Environ != nil {
		return o.Start.Environ
	}
	return os.Environ()
}

func (o Options) self() string {
	if o.Start.Self != "" {
		return o.Start.Self
	}
	return selfexec.Path()
}

// environment is what services are executed with.
func (o Options) environment() runtimestore.Environment {
	cwd, _ := os.Getwd() // only one of the places where a virtual environment may be
	return runtimestore.Environment{Self: o.self(), Version: version.String(), Cwd: cwd, Environ: o.environ(), LookPath: exec.LookPath}
}

// load reads the configuration as it is now.
func (o Options) load() (*config.Config, error) {
	if o.File == "" {
		cfg := config.Default(".")
		return cfg, config.CheckFolder(cfg.Dir)
	}
	return config.Load(o.File, o.getenv)
}

// record adds a generation of a stack that is ready. That it could not is an
// event and no fault of the command, which did what it was to do.
func record(ctx context.Context, o Options, cfg *config.Config, reason string, status control.Status) {
	if len(status.Services) == 0 || status.Unhealthy() != nil {
		return
	}
	g, recorded, err := generation.Record(ctx, generation.RecordRequest{Config: cfg, Env: o.environment(), Secrets: known(cfg, o.getenv), Reason: reason, Now: time.Now()})
	e := control.Event{Event: control.EventGenerationRecorded, Profile: g.Profile, Result: "ok", Detail: describe(g)}
	if err != nil {
		e.Event, e.Result, e.Detail = control.EventGenerationUnrecorded, "error", reason+": "+err.Error()
	}
	if recorded || err != nil {
		_ = supervisor.RecordEvent(cfg, e) // a full disk; nothing to add to that
	}
}

// Migrate is config.Migrate that records the new file when the stack, which it
// means the same for, is ready.
func Migrate(ctx context.Context, o Options, dryRun bool, now time.Time) (config.Migration, error) {
	m, err := config.Migrate(o.File, dryRun, now, o.getenv)
	if err != nil || dryRun || !m.Changed {
		return m, err
	}
	if cfg, err := o.load(); err == nil {
		if status, err := supervisor.Query(ctx, cfg); err == nil {
			record(ctx, o, cfg, "config:migrate", status)
		}
	}
	return m, nil
}
