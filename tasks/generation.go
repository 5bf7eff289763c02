package tasks

import (
	"context"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/internal/printable"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// Generation holds the targets of recorded states.
type Generation mg.Namespace

// List lists the states that got ready, and the current one.
func (Generation) List(ctx context.Context) error {
	return runReading(ctx, "generation:list", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return dataOrError(generation.ListWithDamage(cfg.Paths.Root()))
	})
}

// Show shows one recorded state with its texts; keys are not part of it.
func (Generation) Show(ctx context.Context, number int) error {
	return runReading(ctx, "generation:show", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return dataOrError(generation.Show(cfg.Paths.Root(), number))
	})
}

// Diff shows what two recorded states have differently.
func (Generation) Diff(ctx context.Context, a int, b int) error {
	return runReading(ctx, "generation:diff", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return dataOrError(generation.Diff(cfg.Paths.Root(), a, b))
	})
}

// Pin keeps a recorded state until -off is given: it is never pruned.
func (Generation) Pin(ctx context.Context, number int, off *bool) error {
	return runChanging(ctx, "generation:pin", func(ctx context.Context, _ session, cfg *config.Config) (any, error) {
		return dataOrError(generation.Pin(ctx, cfg.Paths.Root(), number, !deref(off)))
	})
}

// Rollback restores a recorded state, by default the one before the current: configuration, profile and runtimes.
func Rollback(ctx context.Context, to *int, dryRun *bool, skipProbes *bool, timeout *time.Duration) error {
	return run(ctx, "rollback", func(ctx context.Context, s session) (any, error) {
		o := s.stackOptions(nil, nil, timeout)
		o.SkipProbes = deref(skipProbes)
		if err := s.checkTrust(ctx, !deref(dryRun)); err != nil {
			return nil, err
		}
		restored, err := change.Rollback(ctx, o, deref(to), deref(dryRun))
		return dataOrError(restored, s.renewTrust(err, deref(dryRun)))
	})
}

// stackOptions returns the options of a change of the stack; cfg is nil where the file may not parse.
func (s session) stackOptions(cfg *config.Config, service *string, timeout *time.Duration) change.Options {
	if cfg == nil {
		cfg = &config.Config{}
	}
	place := s.place()
	return change.Options{
		File: place.File, Dir: place.Dir, Start: startOptions(s, cfg, service, timeout), OnStep: failpoint,
	}
}

// recover completes or undoes the change that a killed command left half-done.
func (s session) recover(ctx context.Context) error {
	did, err := change.Recover(ctx, s.stackOptions(nil, nil, nil))
	if did != "" { // also without a terminal: it is why the stack is as it is
		s.writeLines(printable.EscapeLine(did))
	}
	return err
}
