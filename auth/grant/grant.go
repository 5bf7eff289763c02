package grant

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/auth/source/tool"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Shared is one sign-in that several files hold. Where the provider makes
// refresh tokens that may be used once, whoever renews first signs the others out.
type Shared struct {
	Provider  string   `json:"provider"`
	SingleUse bool     `json:"single_use"` // sharing it breaks; else it is only untidy
	Holders   []Holder `json:"holders"`    // two or more, those that CLIProxyAPI loads first
}

// Holder is a file with a refresh token.
type Holder struct {
	Keeper  string `json:"keeper"` // whose file it is: cliproxyapi, trash, codex-cli, …
	File    string `json:"file"`
	Account string `json:"account"` // email or file name

	provider string
	token    string
}

// NewHolder returns the holder of a refresh token.
func NewHolder(keeper, file, account, provider, token string) Holder {
	return Holder{Keeper: keeper, File: file, Account: account, provider: provider, token: token}
}

// Holds reports whether the file holds that refresh token.
func (h Holder) Holds(token string) bool { return token != "" && h.token == token }

// The keepers that are no other tool.
const (
	KeeperServer = "cliproxyapi"
	KeeperTrash  = "trash"
)

// FindShared names the grants that more than one file holds: the given
// accounts, the trash, and the known tools' own stores. Tokens are compared by
// hashes with a salt that is thrown away.
func FindShared(ctx context.Context, cfg *config.Config, env auth.Environment, accounts []auth.Account) ([]Shared, error) {
	providers, err := provider.All(cfg)
	if err != nil {
		return nil, err
	}
	return groupByGrant(FindHolders(ctx, cfg, env, providers, accounts), providers), ctx.Err()
}

// FindHolders returns the files that hold a refresh token: those of the accounts,
// those in the trash, and the known tools' own.
func FindHolders(ctx context.Context, cfg *config.Config, env auth.Environment, providers []provider.Provider, accounts []auth.Account) []Holder {
	holders := accountHolders(accounts)
	holders = append(holders, trashHolders(auth.Folder(cfg, env), providers)...)
	return append(holders, ToolHolders(ctx, providers, env)...)
}

func accountHolders(accounts []auth.Account) []Holder {
	var all []Holder
	for _, a := range accounts {
		if token := a.Credential().RefreshToken; token != "" {
			all = append(all, NewHolder(KeeperServer, a.File, auth.AccountLabel(a.Email, a.Account), a.Provider, token))
		}
	}
	return all
}

// trashHolders are the holders that logout and import moved away.
func trashHolders(folder string, providers []provider.Provider) []Holder {
	entries, _ := os.ReadDir(auth.TrashFolder(folder)) // none when it is not there
	var all []Holder
	for _, e := range entries {
		file := filepath.Join(auth.TrashFolder(folder), e.Name())
		if h, ok := readHolder(KeeperTrash, file, providers); ok {
			all = append(all, h)
		}
	}
	return all
}

func readHolder(keeper, file string, providers []provider.Provider) (Holder, bool) {
	info, err := os.Stat(file)
	if err != nil || info.Size() > credential.MaxSize {
		return Holder{}, false
	}
	data, err := safefile.Read(file, credential.MaxSize)
	if err != nil {
		return Holder{}, false
	}
	c, err := credential.Parse(data)
	if err != nil || c.RefreshToken == "" {
		return Holder{}, false
	}
	p, _ := provider.OfType(providers, c.Type)
	return NewHolder(keeper, file, auth.AccountLabel(c.Email, filepath.Base(file)), p.Name, c.RefreshToken), true
}

// groupByGrant groups holders by their grant.
func groupByGrant(holders []Holder, providers []provider.Provider) []Shared {
	salt := credential.NewSalt()
	groups := map[string]int{}
	var all []Shared
	for _, h := range holders {
		key := credential.Hash(salt, h.token)
		at, seen := groups[key]
		if !seen {
			at = len(all)
			groups[key] = at
			all = append(all, Shared{Provider: h.provider, SingleUse: isSingleUse(providers, h.provider)})
		}
		all[at].Holders = append(all[at].Holders, h)
	}
	return slices.DeleteFunc(all, func(s Shared) bool { return len(s.Holders) < 2 })
}

func isSingleUse(providers []provider.Provider, name string) bool {
	i := slices.IndexFunc(providers, func(p provider.Provider) bool { return p.Name == name })
	return i >= 0 && providers[i].Settings.SingleUse
}

// ToolHolders are the holders of grants in the known tools' own stores.
func ToolHolders(ctx context.Context, providers []provider.Provider, env auth.Environment) []Holder {
	var all []Holder
	for _, s := range tool.All() {
		i := slices.IndexFunc(providers, func(p provider.Provider) bool { return p.Name == s.Provider })
		if i < 0 || ctx.Err() != nil {
			continue
		}
		p := providers[i]
		drafts, err := s.Find(tool.Location{Env: env})
		if err != nil {
			continue // nothing there, or nothing that can be read
		}
		for _, d := range drafts {
			d.Provider = p
			if c, err := d.Content(); err == nil && c.RefreshToken != "" {
				all = append(all, NewHolder(s.Keeper, d.Source, auth.AccountLabel(c.Email, s.Keeper), p.Name, c.RefreshToken))
			}
		}
	}
	return all
}
