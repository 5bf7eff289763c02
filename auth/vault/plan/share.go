package plan

import (
	"context"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// checkGrants refuses drafts whose grant another file holds, unless the user shares
// or moves it on purpose. If the provider's refresh tokens can be used more than
// once, it only adds a warning.
func (p planner) checkGrants(ctx context.Context, placements []Placement, accounts []auth.Account) error {
	providers, err := provider.All(p.cfg)
	if err != nil {
		return err
	}
	holders := grant.FindHolders(ctx, p.cfg, p.env, providers, accounts)
	for i := range placements {
		if err := p.checkGrant(&placements[i], holders); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// checkGrant decides on the grant of one placement.
func (p planner) checkGrant(m *Placement, holders []grant.Holder) error {
	if m.Draft.APIKey != "" {
		return nil
	}
	c, err := m.Draft.Content()
	if err != nil || c.RefreshToken == "" {
		return err
	}
	others := otherHolders(m, c, holders)
	m.TakesGrant = p.Take && m.Draft.RefreshPath != "" && !m.LeftOut
	remaining := lo.Filter(others, func(h grant.Holder, _ int) bool { return !m.TakesGrant || h.File != m.Draft.Source })
	switch {
	case m.LeftOut:
		return nil
	case p.Take && !m.TakesGrant:
		return fault.New("take-impossible", "the refresh token cannot be removed from %s", Origin(m.Draft)).
			WithHint("sign out there, or let both hold it with -share")
	case len(remaining) == 0:
		return nil
	case !m.Draft.Provider.Settings.SingleUse:
		m.Draft.Warn("grant-shared", "%s %s the same grant; signing out there ends it here",
			strings.Join(holderFiles(remaining), " and "), lo.Ternary(len(remaining) == 1, "has", "have"))
	case p.Share || m.Unchanged:
		if p.Share {
			m.AcceptedGrant = c.RefreshToken
		}
		m.Draft.Warn("grant-shared",
			"%s %s the same grant: refresh tokens of %s can be used once, so the first that renews it signs the other out",
			strings.Join(holderFiles(remaining), " and "), lo.Ternary(len(remaining) == 1, "has", "have"), m.Draft.Provider.Name)
	default:
		return sharedGrantFault(m, c.Email, remaining)
	}
	return nil
}

// otherHolders returns the holders of the placement's grant besides its destination, its
// source among them, one for each file.
func otherHolders(m *Placement, c credential.Content, holders []grant.Holder) []grant.Holder {
	if m.Draft.Source != "" && m.Draft.RefreshPath != "" {
		holders = append(holders, grant.NewHolder(m.Draft.Keeper, m.Draft.Source, auth.AccountLabel(c.Email, m.Draft.Keeper),
			m.Draft.Provider.Name, c.RefreshToken))
	}
	return lo.UniqBy(lo.Filter(holders, func(h grant.Holder, _ int) bool {
		return h.File != m.Dest && h.Holds(c.RefreshToken)
	}), func(h grant.Holder) string { return h.File })
}

// sharedGrantFault returns the refusal to let the destination and others hold a grant
// whose refresh token can be used once.
func sharedGrantFault(m *Placement, email string, others []grant.Holder) error {
	account := auth.AccountLabel(email, m.Draft.Label)
	return fault.New("grant-shared",
		"%s (account %s) and %s (account %s) would hold the same grant; refresh tokens of %s can be used once, so each "+
			"would sign the other out",
		others[0].File, others[0].Account, m.Dest, account, m.Draft.Provider.Name).
		WithHint("mage auth:login %s makes another grant; -take moves this one (the source gets a backup and is signed "+
			"out); -share accepts it", m.Draft.Provider.Name).
		WithDetail(grant.Shared{Provider: m.Draft.Provider.Name, SingleUse: true,
			Holders: append(others, grant.Holder{Keeper: grant.KeeperServer, File: m.Dest, Account: account})})
}

// holderFiles returns the files of holders.
func holderFiles(holders []grant.Holder) []string {
	return lo.Map(holders, func(h grant.Holder, _ int) string { return h.File })
}
