package auth

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// SharedGrant is one sign-in that several files hold. Where the provider makes
// refresh tokens that may be used once, whoever renews first signs the others out.
type SharedGrant struct {
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
	grant    string
}

// The keepers that are no other tool.
const (
	keeperServer = "cliproxyapi"
	keeperTrash  = "trash"
)

// SharedGrants names the grants that more than one file holds: the given
// accounts, the trash, and the known tools' own stores. Tokens are compared by
// hashes with a salt that is thrown away.
func SharedGrants(ctx context.Context, cfg *config.Config, env Environment, accounts []Account) ([]SharedGrant, error) {
	providers, err := Providers(cfg)
	if err != nil {
		return nil, err
	}
	holders := holdersOf(accounts)
	holders = append(holders, trashed(Folder(cfg, env), providers)...)
	holders = append(holders, foreign(ctx, providers, env)...)
	return shared(holders, providers), ctx.Err()
}

func holdersOf(accounts []Account) []Holder {
	var all []Holder
	for _, a := range accounts {
		if a.grant != "" {
			all = append(all, Holder{keeperServer, a.File, named(a.Email, a.Account), a.Provider, a.grant})
		}
	}
	return all
}

// trashed are the holders that logout and import moved away.
func trashed(folder string, providers []Provider) []Holder {
	entries, _ := os.ReadDir(trash(folder)) // none when it is not there
	var all []Holder
	for _, e := range entries {
		file := filepath.Join(trash(folder), e.Name())
		if h, ok := holder(keeperTrash, file, providers); ok {
			all = append(all, h)
		}
	}
	return all
}

func holder(keeper, file string, providers []Provider) (Holder, bool) {
	info, err := os.Stat(file)
	if err != nil || info.Size() > maxFile {
		return Holder{}, false
	}
	data, err := safefile.Read(file, maxFile)
	if err != nil {
		return Holder{}, false
	}
	c, err := parse(data)
	if err != nil || c.Refresh == "" {
		return Holder{}, false
	}
	p, _ := ofType(providers, c.Type)
	return Holder{keeper, file, named(c.Email, filepath.Base(file)), p.Name, c.Refresh}, true
}

// shared groups holders by their grant.
func shared(holders []Holder, providers []Provider) []SharedGrant {
	salt := newSalt()
	groups := map[string]int{}
	var all []SharedGrant
	for _, h := range holders {
		key := hashed(salt, h.grant)
		at, seen := groups[key]
		if !seen {
			at = len(all)
			groups[key] = at
			all = append(all, SharedGrant{Provider: h.provider, SingleUse: singleUse(providers, h.provider)})
		}
		all[at].Holders = append(all[at].Holders, h)
	}
	return slices.DeleteFunc(all, func(s SharedGrant) bool { return len(s.Holders) < 2 })
}

func singleUse(providers []Provider, name string) bool {
	i := slices.IndexFunc(providers, func(p Provider) bool { return p.Name == name })
	return i >= 0 && providers[i].Settings.SingleUse
}

// named is an account as people know it.
func named(email, file string) string {
	if email != "" {
		return email
	}
	return strings.TrimSuffix(file, ".json")
}
