package auth

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// desk puts drafts in their place: the one way by which a credential gets into
// the folder.
type desk struct {
	cfg         *config.Config
	env         Environment
	dest        string
	dry, force  bool
	share, take bool
	lenient     bool // what cannot be taken of a folder or an export is left out with a warning
}

// move is one draft with where it goes, decided before anything is written.
type move struct {
	draft   *draft
	dest    string
	old     []byte // what was there; nil when nothing was
	content []byte
	same    bool   // nothing is to be written
	leftOut bool   // another of the same account is taken, or is there already
	taking  bool   // the source loses its refresh token
	sharing string // the grant that is shared on purpose; "" when none is
}

// settle decides on all drafts, then writes them; when one is refused nothing
// is written, and when the proof fails everything is put back as it was. Faults:
// refresh-missing, credential-older, grant-shared, take-impossible,
// source-is-destination, destination-unsafe, destination-taken,
// provider-unsupported, write-failed, locked, and those of prove.
func (d desk) settle(ctx context.Context, drafts []draft) (Change, error) {
	if !d.dry {
		if err := os.MkdirAll(Folder(d.cfg, d.env), 0o700); err != nil {
			return Change{}, unwritable(Folder(d.cfg, d.env), err)
		}
		unlock, err := lock(ctx, Folder(d.cfg, d.env))
		if err != nil {
			return Change{}, err
		}
		defer unlock()
	}
	drafts, err := d.supported(ctx, drafts)
	if err != nil {
		return Change{}, err
	}
	moves, err := d.decide(ctx, drafts)
	if err != nil {
		return Change{}, err
	}
	return d.carryOutAll(ctx, moves)
}

// carryOutAll writes all moves and proves them. Of a folder or an export, what
// cannot be proven is put back and left out, as long as something is proven.
func (d desk) carryOutAll(ctx context.Context, moves []move) (Change, error) {
	done := make([]undoing, len(moves))
	changes := make([]Change, len(moves))
	for i, m := range moves {
		var err error
		if changes[i], err = d.carryOut(m, &done[i]); err != nil {
			return Change{}, undoAll(done, err)
		}
	}
	unproven, err := d.proveEach(ctx, changes)
	if err != nil {
		return Change{}, undoAll(done, err)
	}
	if err := d.leaveOutUnproven(changes, unproven, done); err != nil {
		return Change{}, undoAll(done, err)
	}
	for i, m := range moves {
		if m.sharing != "" && unproven[i] == nil && !d.dry {
			if err := remember(d.cfg, m.sharing); err != nil {
				return Change{}, undoAll(done, err)
			}
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int { // what was done comes first in the report
		return cmp.Compare(lo.Ternary(a.Changed, 0, 1), lo.Ternary(b.Changed, 0, 1))
	})
	first := changes[0]
	first.Others = changes[1:]
	return first, nil
}

// leaveOutUnproven puts back what could not be proven. It returns the failure
// when nothing was proven, or when only all of it may be taken.
func (d desk) leaveOutUnproven(changes []Change, unproven []error, done []undoing) error {
	failure := errors.Join(unproven...)
	if failure == nil {
		return nil
	}
	first, _ := lo.Find(unproven, func(err error) bool { return err != nil })
	proven := false
	for i, err := range unproven {
		if err != nil && !isCode(err, "proof-failed") {
			return err
		}
		proven = proven || err == nil && changes[i].Changed
	}
	if !d.lenient || !proven {
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
		changes[i].Warnings = []Warning{{"source-left-out", changes[i].Source + " was left out: " + why.Error()}}
	}
	return nil
}

// decide plans every draft. Drafts of one account in one import are one: the
// newest of them is taken.
func (d desk) decide(ctx context.Context, drafts []draft) ([]move, error) {
	accounts, err := Accounts(ctx, d.cfg, d.env)
	if err != nil {
		return nil, err
	}
	var moves []move
	var refused []error
	var out []*draft
	for i := range drafts {
		m, err := d.plan(&drafts[i], moves, accounts, len(drafts) > 1)
		if err != nil && d.lenient && mayBeLeftOut(err) {
			refused, out = append(refused, err), append(out, &drafts[i])
			continue
		}
		if err != nil {
			return nil, err
		}
		moves = append(moves, m)
	}
	if len(moves) == 0 {
		return nil, refused[0]
	}
	for i, one := range out {
		moves[0].draft.warn("source-left-out", "%s was left out: %v", from(one), refused[i])
	}
	leaveOutOlder(moves)
	slices.SortStableFunc(moves, func(a, b move) int { // what was done comes first in the report
		return cmp.Compare(lo.Ternary(a.leftOut, 1, 0), lo.Ternary(b.leftOut, 1, 0))
	})
	return moves, d.grants(ctx, moves, accounts)
}

// mayBeLeftOut reports a refusal that concerns one draft of many.
func mayBeLeftOut(err error) bool {
	return slices.Contains([]string{
		"refresh-missing", "credential-older", "source-is-destination", "destination-unsafe", "destination-taken", "source-invalid",
	}, fault.From(err).Code)
}

// leaveOutOlder keeps the newest of the moves that go to one file: two files of
// one account would be two credentials.
func leaveOutOlder(moves []move) {
	for i := range moves {
		for j := range moves[:i] {
			a, b := &moves[j], &moves[i]
			if a.dest != b.dest || a.leftOut || b.leftOut {
				continue
			}
			older := b
			if isNewerDraft(b.draft, a.draft) {
				older = a
			}
			older.same, older.leftOut = true, true
			older.draft.warn(ProblemTwice, "%s was left out: %s takes another of the same account", from(older.draft), older.dest)
		}
	}
}

func isNewerDraft(a, b *draft) bool {
	x, err := a.credential()
	y, err2 := b.credential()
	return err == nil && err2 == nil && newer(x, y)
}
