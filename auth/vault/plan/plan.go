package plan

import (
	"cmp"
	"context"
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Options steer Plan. The zero value refuses whatever could cost a sign-in.
type Options struct {
	Dest    string // a file or folder; "": the credential folder
	Force   bool   // replace what is newer or of another account
	Share   bool   // accept that several programs hold one grant
	Take    bool   // move the grant away from its source
	Lenient bool   // leave out with a warning what cannot be taken of a folder or an export
}

// planner decides where drafts go.
type planner struct {
	cfg *config.Config
	env auth.Environment
	Options
}

// Make decides for all drafts where they go; it writes nothing. When one is
// refused all are, except of a folder or an export (Lenient). Faults:
// refresh-missing, credential-older, grant-shared, take-impossible,
// source-is-destination, destination-unsafe, destination-taken,
// provider-unsupported, and those of the management API but its absence.
func Make(ctx context.Context, cfg *config.Config, env auth.Environment, drafts []draft.Draft, o Options) ([]Placement, error) {
	p := planner{cfg, env, o}
	drafts, err := p.dropUnsupported(ctx, drafts)
	if err != nil {
		return nil, err
	}
	return p.placeAll(ctx, drafts)
}

// Placement is one draft with where it goes, decided before anything is written.
type Placement struct {
	Draft         *draft.Draft
	Dest          string
	Old           []byte // what was there; nil when nothing was
	Text          []byte
	Unchanged     bool   // nothing is to be written
	LeftOut       bool   // another of the same account is taken, or is there already
	TakesGrant    bool   // the source loses its refresh token
	AcceptedGrant string // the grant that is shared on purpose; "" when none is
}

// placeAll plans every draft. Drafts of one account in one import are one: the
// newest of them is taken.
func (p planner) placeAll(ctx context.Context, drafts []draft.Draft) ([]Placement, error) {
	accounts, err := auth.Accounts(ctx, p.cfg, p.env)
	if err != nil {
		return nil, err
	}
	var moves []Placement
	var refused []error
	var out []*draft.Draft
	for i := range drafts {
		m, err := p.place(&drafts[i], moves, accounts, len(drafts) > 1)
		if err != nil && p.Lenient && canBeLeftOut(err) {
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
		moves[0].Draft.Warn("source-left-out", "%s was left out: %v", Origin(one), refused[i])
	}
	leaveOutOlder(moves)
	slices.SortStableFunc(moves, func(a, b Placement) int { // what was done comes first in the report
		return cmp.Compare(lo.Ternary(a.LeftOut, 1, 0), lo.Ternary(b.LeftOut, 1, 0))
	})
	return moves, p.checkGrants(ctx, moves, accounts)
}

// canBeLeftOut reports a refusal that concerns one draft of many.
func canBeLeftOut(err error) bool {
	return slices.Contains([]string{
		"refresh-missing", "credential-older", "source-is-destination", "destination-unsafe", "destination-taken", "source-invalid",
	}, fault.From(err).Code)
}

// leaveOutOlder keeps the newest of the moves that go to one file: two files of
// one account would be two credentials.
func leaveOutOlder(moves []Placement) {
	for i := range moves {
		for j := range moves[:i] {
			a, b := &moves[j], &moves[i]
			if a.Dest != b.Dest || a.LeftOut || b.LeftOut {
				continue
			}
			older := b
			if isNewerDraft(b.Draft, a.Draft) {
				older = a
			}
			older.Unchanged, older.LeftOut = true, true
			older.Draft.Warn(auth.ProblemTwice, "%s was left out: %s takes another of the same account", Origin(older.Draft), older.Dest)
		}
	}
}

func isNewerDraft(a, b *draft.Draft) bool {
	x, err := a.Content()
	y, err2 := b.Content()
	return err == nil && err2 == nil && credential.IsNewer(x, y)
}
