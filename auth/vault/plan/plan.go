// Package plan decides which file each new credential goes to, and refuses those
// that could cost a sign-in: another account's file, an older token, a grant that
// another program holds. Make decides for all; it writes nothing.
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

// Options steer Make. The zero value refuses whatever could cost a sign-in.
type Options struct {
	Dest    string // a file or folder; "": the credential folder
	Force   bool   // replace what is newer or of another account
	Share   bool   // accept that several programs hold one grant
	Take    bool   // move the grant away from its source
	Lenient bool   // leave out, with a warning, those drafts of a folder or an export that are refused
}

// planner decides on the drafts of one command.
type planner struct {
	cfg *config.Config
	env auth.Environment
	Options
}

// Make decides for all drafts which file they go to; it writes nothing. If one is
// refused, all are, unless o is Lenient. Faults:
// refresh-missing, credential-older, grant-shared, take-impossible,
// source-is-destination, destination-unsafe, destination-taken,
// provider-unsupported, and those of a management API that answers.
func Make(ctx context.Context, cfg *config.Config, env auth.Environment, drafts []draft.Draft,
	o Options) ([]Placement, error) {
	p := planner{cfg, env, o}
	drafts, err := p.dropUnsupported(ctx, drafts)
	if err != nil {
		return nil, err
	}
	return p.placeAll(ctx, drafts)
}

// Placement is the decision on one draft.
type Placement struct {
	Draft         *draft.Draft
	Dest          string
	Old           []byte // the present content of Dest; nil if there is no file
	Text          []byte // the new content
	Unchanged     bool   // Dest is not written
	LeftOut       bool   // a newer credential of the same account is used instead
	TakesGrant    bool   // the refresh token is removed from the source
	AcceptedGrant string // the refresh token that the user allows to be shared; "": none
}

// placeAll decides on every draft. Of several drafts of one account the newest is
// used.
func (p planner) placeAll(ctx context.Context, drafts []draft.Draft) ([]Placement, error) {
	accounts, err := auth.Accounts(ctx, p.cfg, p.env)
	if err != nil {
		return nil, err
	}
	var placements []Placement
	var refused []error
	var leftOut []*draft.Draft
	for i := range drafts {
		m, err := p.place(&drafts[i], placements, accounts, len(drafts) > 1)
		if err != nil && p.Lenient && canBeLeftOut(err) {
			refused, leftOut = append(refused, err), append(leftOut, &drafts[i])
			continue
		}
		if err != nil {
			return nil, err
		}
		placements = append(placements, m)
	}
	if len(placements) == 0 {
		return nil, refused[0]
	}
	for i, d := range leftOut {
		placements[0].Draft.Warn("source-left-out", "%s was left out: %v", Origin(d), refused[i])
	}
	leaveOutOlder(placements)
	slices.SortStableFunc(placements, func(a, b Placement) int { // the report begins with what is written
		return cmp.Compare(lo.Ternary(a.LeftOut, 1, 0), lo.Ternary(b.LeftOut, 1, 0))
	})
	return placements, p.checkGrants(ctx, placements, accounts)
}

// canBeLeftOut reports whether a refusal concerns only one draft of many.
func canBeLeftOut(err error) bool {
	return slices.Contains([]string{
		"refresh-missing", "credential-older", "source-is-destination", "destination-unsafe", "destination-taken",
		"source-invalid",
	}, fault.From(err).Code)
}

// leaveOutOlder leaves out all but the newest of the placements with the same file.
func leaveOutOlder(placements []Placement) {
	for i := range placements {
		for j := range placements[:i] {
			a, b := &placements[j], &placements[i]
			if a.Dest != b.Dest || a.LeftOut || b.LeftOut {
				continue
			}
			older := b
			if isNewerDraft(b.Draft, a.Draft) {
				older = a
			}
			older.Unchanged, older.LeftOut = true, true
			older.Draft.Warn(auth.ProblemTwice, "%s was left out: %s gets a newer credential of the same account",
				Origin(older.Draft), older.Dest)
		}
	}
}

// isNewerDraft reports whether a was issued after b.
func isNewerDraft(a, b *draft.Draft) bool {
	x, err := a.Content()
	y, err2 := b.Content()
	return err == nil && err2 == nil && credential.IsNewer(x, y)
}
