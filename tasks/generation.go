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

// Generation holds the targets of generations.
type Generation mg.Namespace

// List lists the generations, the recorded states that became ready, and says which one is current.
func (Generation) List(ctx context.Context) error {
	return runReading(ctx, "generation:list", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return dataOrError(generation.ListWithDamage(cfg.Paths.Root()))
	})
}

// Show shows one generation with the texts of its files, without keys.
func (Generation) Show(ctx context.Context, number int) error {
	return runReading(ctx, "generation:show", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return dataOrError(generation.Show(cfg.Paths.Root(), number))
	})
}

// Diff shows the differences between two generations.
func (Generation) Diff(ctx context.Context, a int, b int) error {
	return runReading(ctx, "generation:diff", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return dataOrError(generation.Diff(cfg.Paths.Root(), a, b))
	})
}

// Pin protects a generation from being pruned; -off ends that.
func (Generation) Pin(ctx context.Context, number int, off *bool) error {
	return runChanging(ctx, "generation:pin", func(ctx context.Context, _ session, cfg *config.Config) (any, error) {
		return dataOrError(generation.Pin(ctx, cfg.Paths.Root(), number, !deref(off)))
	})
}

// Rollback restores a generation, by default the one before the current: configuration, profile and runtimes.
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

// stackOptions returns the options of a change of the stack; cfg may be nil when the file may not parse.
func (s session) stackOptions(cfg *config.Config, service *string, timeout *time.Duration) change.Options {
	if cfg == nil {
		cfg = &config.Config{}
	}
	place := s.place()
	return change.Options{
		File: place.File, Dir: place.Dir, Start: startOptions(s, cfg, service, timeout), OnStep: failpoint,
	}
}

// recoverChange completes or undoes the change that a killed command left half-done.
func (s session) recoverChange(ctx context.Context) error {
	done, err := change.Recover(ctx, s.stackOptions(nil, nil, nil))
	if done != "" { // also without a terminal: it explains the state of the stack
		s.writeLines(printable.EscapeLine(done))
	}
	return err
}
