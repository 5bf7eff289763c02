// Package vault is the only code that writes credential files: Install writes new
// ones, Logout moves one to the trash, Restore moves it back, Prepare begins to replace
// one that is renewed. All of that is done under the lock of the folder (Lock). Install
// and Restore prove what they wrote, and take back their changes when a later step
// fails.
package vault

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/auth/vault/plan"
	"github.com/flowgate-go/flowgate/auth/vault/proof"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/privatefile"
)

// Options steer Install.
type Options struct {
	plan.Options
	Dry bool // do everything except writing
}

// installer writes the placements of one command.
type installer struct {
	cfg *config.Config
	env auth.Environment
	Options
}

// Install decides on all drafts (plan.Make), writes them, and proves that they work.
// If one is refused, nothing is written; if a write or a proof fails, every file is
// as it was before. Faults: those of plan.Make and proof.Each, write-failed, locked.
func Install(ctx context.Context, cfg *config.Config, env auth.Environment, drafts []draft.Draft,
	o Options) (auth.Change, error) {
	if !o.Dry {
		if err := os.MkdirAll(auth.Folder(cfg, env), 0o700); err != nil {
			return auth.Change{}, privatefile.Unwritable(auth.Folder(cfg, env), err)
		}
		unlock, err := Lock(ctx, auth.Folder(cfg, env))
		if err != nil {
			return auth.Change{}, err
		}
		defer unlock()
	}
	placements, err := plan.Make(ctx, cfg, env, drafts, o.Options)
	if err != nil {
		return auth.Change{}, err
	}
	return installer{cfg, env, o}.applyAll(ctx, placements)
}

// applyAll writes all placements and proves them. With Lenient, those that cannot be
// proven are taken back and left out, as long as one is proven.
func (in installer) applyAll(ctx context.Context, placements []plan.Placement) (auth.Change, error) {
	done := make([]undoSteps, len(placements))
	changes := make([]auth.Change, len(placements))
	for i, m := range placements {
		var err error
		if changes[i], err = in.apply(m, &done[i]); err != nil {
			return auth.Change{}, undoAll(done, err)
		}
	}
	unproven := make([]error, len(changes))
	if !in.Dry {
		var err error
		if unproven, err = proof.Each(ctx, in.cfg, in.env, changes); err != nil {
			return auth.Change{}, undoAll(done, err)
		}
	}
	if err := in.leaveOutUnproven(changes, unproven, done); err != nil {
		return auth.Change{}, undoAll(done, err)
	}
	for i, m := range placements {
		if m.AcceptedGrant != "" && unproven[i] == nil && !in.Dry {
			if err := grant.Accept(in.cfg, m.AcceptedGrant); err != nil {
				return auth.Change{}, undoAll(done, err)
			}
		}
	}
	slices.SortStableFunc(changes, func(a, b auth.Change) int { // the report begins with what changed
		return cmp.Compare(lo.Ternary(a.Changed, 0, 1), lo.Ternary(b.Changed, 0, 1))
	})
	first := changes[0]
	first.Others = changes[1:]
	return first, nil
}

// leaveOutUnproven takes back the changes that could not be proven. It returns an error
// if nothing was proven, without Lenient, and if the reason is not proof-failed.
func (in installer) leaveOutUnproven(changes []auth.Change, unproven []error, done []undoSteps) error {
	failure := errors.Join(unproven...)
	if failure == nil {
		return nil
	}
	first, _ := lo.Find(unproven, func(err error) bool { return err != nil })
	proven := false
	for i, err := range unproven {
		if err != nil && !fault.HasCode(err, "proof-failed") {
			return err
		}
		proven = proven || err == nil && changes[i].Changed
	}
	if !in.Lenient || !proven {
		return first
	}
	for i, why := range unproven {
		if why == nil {
			continue
		}
		if err := done[i].undo(nil); err != nil {
			return err
		}
		done[i] = nil
		changes[i].Changed, changes[i].Account, changes[i].Proof = false, nil, "it was left out"
		changes[i].Warnings = []auth.Warning{{Code: "source-left-out",
			Message: changes[i].Source + " was left out: " + why.Error()}}
	}
	return nil
}
