// Package grant finds refresh tokens that several programs hold: FindShared lists
// them, CheckStart refuses to start a server that would sign another program out.
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

// Shared is a grant that several files hold. If the provider's refresh tokens can
// be used once, the first holder that renews it signs the others out.
type Shared struct {
	Provider  string   `json:"provider"`
	SingleUse bool     `json:"single_use"` // a holder that renews it signs the others out
	Holders   []Holder `json:"holders"`    // two or more; those that CLIProxyAPI loads come first
}

// Holder is a file with a refresh token.
type Holder struct {
	Keeper  string `json:"keeper"` // the owner of the file: cliproxyapi, trash, codex-cli, …
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

// The keepers besides other tools.
const (
	KeeperServer = "cliproxyapi"
	KeeperTrash  = "trash"
)

// FindShared returns the grants that several files hold: files of the given
// accounts, files in the trash, and those of the known tools. Fault:
// provider-invalid.
func FindShared(ctx context.Context, cfg *config.Config, env auth.Environment,
	accounts []auth.Account) ([]Shared, error) {
	providers, err := provider.All(cfg)
	if err != nil {
		return nil, err
	}
	return groupByGrant(FindHolders(ctx, cfg, env, providers, accounts), providers), ctx.Err()
}

// FindHolders returns the files that hold a refresh token: files of the accounts,
// files in the trash, and those of the known tools.
func FindHolders(ctx context.Context, cfg *config.Config, env auth.Environment, providers []provider.Provider,
	accounts []auth.Account) []Holder {
	holders := accountHolders(accounts)
	holders = append(holders, trashHolders(auth.Folder(cfg, env), providers)...)
	return append(holders, ToolHolders(ctx, providers, env)...)
}

// accountHolders returns the accounts that have a refresh token.
func accountHolders(accounts []auth.Account) []Holder {
	var all []Holder
	for _, a := range accounts {
		if token := a.Credential().RefreshToken; token != "" {
			all = append(all, NewHolder(KeeperServer, a.File, auth.AccountLabel(a.Email, a.Account), a.Provider, token))
		}
	}
	return all
}

// trashHolders returns the holders in the trash.
func trashHolders(folder string, providers []provider.Provider) []Holder {
	entries, _ := os.ReadDir(auth.TrashFolder(folder)) // none if there is no trash
	var all []Holder
	for _, e := range entries {
		file := filepath.Join(auth.TrashFolder(folder), e.Name())
		if h, ok := readHolder(KeeperTrash, file, providers); ok {
			all = append(all, h)
		}
	}
	return all
}

// readHolder reads one file; ok is false if it has no refresh token.
func readHolder(keeper, file string, providers []provider.Provider) (h Holder, ok bool) {
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

// groupByGrant returns the grants with more than one holder.
func groupByGrant(holders []Holder, providers []provider.Provider) []Shared {
	groups := map[string]int{}
	var all []Shared
	for _, h := range holders {
		at, seen := groups[h.token]
		if !seen {
			at = len(all)
			groups[h.token] = at
			all = append(all, Shared{Provider: h.provider, SingleUse: isSingleUse(providers, h.provider)})
		}
		all[at].Holders = append(all[at].Holders, h)
	}
	return slices.DeleteFunc(all, func(s Shared) bool { return len(s.Holders) < 2 })
}

// isSingleUse reports whether the provider's refresh tokens can be used once.
func isSingleUse(providers []provider.Provider, name string) bool {
	i := slices.IndexFunc(providers, func(p provider.Provider) bool { return p.Name == name })
	return i >= 0 && providers[i].Settings.SingleUse
}

// ToolHolders returns the holders among the known tools' own files.
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
			continue // there is no file, or it cannot be read
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
