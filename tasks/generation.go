package tasks

import (
	"context"
	"os"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/internal/printable"
	"github.com/flowgate-go/flowgate/supervisor/stack"
)

// Generation holds the targets of recorded states.
type Generation mg.Namespace

// List lists the states that got ready, and the current one.
func (Generation) List(ctx context.Context) error {
	return looking(ctx, "generation:list", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return orNothing(generation.Listed(cfg.Paths.Root()))
	})
}

// Show shows one recorded state with its texts; keys are not part of it.
func (Generation) Show(ctx context.Context, number int) error {
	return looking(ctx, "generation:show", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return orNothing(generation.Show(cfg.Paths.Root(), number))
	})
}

// Diff shows what two recorded states have differently.
func (Generation) Diff(ctx context.Context, a int, b int) error {
	return looking(ctx, "generation:diff", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return orNothing(generation.Diff(cfg.Paths.Root(), a, b))
	})
}

// Pin keeps a recorded state for ever; -off lets it go.
func (Generation) Pin(ctx context.Context, number int, off *bool) error {
	return withConfig(ctx, "generation:pin", func(ctx context.Context, _ session, cfg *config.Config) (any, error) {
		return orNothing(generation.Pin(ctx, cfg.Paths.Root(), number, !value(off)))
	})
}

// Rollback restores a recorded state, by default the one before the current: configuration, profile and runtimes.
func Rollback(ctx context.Context, to *int, dryRun *bool, skipProbes *bool, timeout *time.Duration) error {
	return run(ctx, "rollback", func(ctx context.Context, s session) (any, error) {
		o := s.changing(nil, nil, timeout)
		o.SkipProbes = value(skipProbes)
		if err := s.permit(ctx, !value(dryRun)); err != nil {
			return nil, err
		}
		restored, err := stack.Rollback(ctx, o, value(to), value(dryRun))
		return orNothing(restored, s.renew(err, value(dryRun)))
	})
}

// changing are the options of what changes the stack; cfg is nil where it may not parse.
func (s session) changing(cfg *config.Config, service *string, timeout *time.Duration) stack.Options {
	if cfg == nil {
		cfg = &config.Config{}
	}
	return stack.Options{File: configFile(), Start: startOptions(s, cfg, service, timeout), At: failpoint}
}

// recover ends what a killed command left half-done.
func (s session) recover(ctx context.Context) error {
	did, err := stack.Recover(ctx, s.changing(nil, nil, nil))
	if did != "" { // also without a terminal: it is why the stack is as it is
		_, _ = os.Stderr.WriteString(printable.Page(printable.Line(did) + "\n"))
	}
	return err
}
