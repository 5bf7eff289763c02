package auth

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// grants refuses drafts whose grant another file holds, unless it is shared or
// moved on purpose. Where refresh tokens may be used more than once that is a
// warning only.
func (d desk) grants(ctx context.Context, moves []move, accounts []Account) error {
	providers, err := Providers(d.cfg)
	if err != nil {
		return err
	}
	holders := append(holdersOf(accounts), foreign(ctx, providers, d.env)...)
	holders = append(holders, trashed(Folder(d.cfg, d.env), providers)...)
	for i := range moves {
		if err := d.grant(&moves[i], holders); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (d desk) grant(m *move, holders []Holder) error {
	if m.draft.key != "" {
		return nil
	}
	c, err := m.draft.credential()
	if err != nil || c.Refresh == "" {
		return err
	}
	if m.draft.source != "" && m.draft.refresh != "" {
		holders = append(holders, Holder{Keeper: m.draft.keeper, File: m.draft.source, Account: named(c.Email, m.draft.keeper), grant: c.Refresh})
	}
	salt := newSalt()
	mine := hashed(salt, c.Refresh)
	others := lo.UniqBy(lo.Filter(holders, func(h Holder, _ int) bool {
		return h.File != m.dest && hashed(salt, h.grant) == mine
	}), func(h Holder) string { return h.File })
	m.taking = d.take && m.draft.refresh != "" && !m.leftOut
	left := lo.Filter(others, func(h Holder, _ int) bool { return !m.taking || h.File != m.draft.source })
	switch {
	case m.leftOut:
		return nil
	case d.take && !m.taking:
		return fault.New("take-impossible", "the grant cannot be moved away from %s", from(m.draft)).WithHint("sign out there, or accept with -share that both hold it")
	case len(left) == 0:
		return nil
	case !m.draft.provider.Settings.SingleUse:
		m.draft.warn("grant-shared", "%s %s the same grant; signing out there ends it here", strings.Join(files(left), " and "), lo.Ternary(len(left) == 1, "has", "have"))
	case d.share || m.same:
		if d.share {
			m.sharing = c.Refresh
		}
		m.draft.warn("grant-shared", "%s %s the same grant: refresh tokens of %s can be used once, so whoever renews first signs the other out", strings.Join(files(left), " and "), lo.Ternary(len(left) == 1, "has", "have"), m.draft.provider.Name)
	default:
		return fault.New("grant-shared", "%s (account %s) and %s (account %s) would hold one grant; refresh tokens of %s can be used once, so each would sign the other out",
			left[0].File, left[0].Account, m.dest, named(c.Email, m.draft.label), m.draft.provider.Name).
			WithHint("mage auth:login %s makes a grant of its own; -take moves this one (the source keeps a backup and is signed out); -share accepts it", m.draft.provider.Name).
			WithDetail(SharedGrant{m.draft.provider.Name, true, append(left, Holder{Keeper: keeperServer, File: m.dest, Account: named(c.Email, m.draft.label)})})
	}
	return nil
}

func files(holders []Holder) []string {
	return lo.Map(holders, func(h Holder, _ int) string { return h.File })
}

// takeAway removes the refresh token from the source, which keeps a backup
// beside it, and returns the backup's name.
func (d desk) takeAway(m move, done *undoing) (string, error) {
	data, err := readSource(m.draft.source)
	if err != nil {
		return "", err
	}
	without, err := blank(data, m.draft.refresh)
	if err != nil {
		return "", invalid(m.draft.source, err)
	}
	backup := fmt.Sprintf("%s.flowgate-%s", m.draft.source, d.env.Now().UTC().Format("20060102T150405Z"))
	if _, err := os.Lstat(backup); err == nil {
		return "", unwritable(backup, os.ErrExist)
	}
	if err := writeFile(backup, data); err != nil {
		return "", err
	}
	was, _ := os.Lstat(m.draft.source)
	done.add(func() error { return os.Remove(backup) })
	done.add(func() error { return restoreFile(m.draft.source, data, was) })
	return backup, writeFile(m.draft.source, without)
}
