package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// Logout takes an account out of the folder that CLIProxyAPI loads and keeps
// it in the trash; Restore undoes it. The provider is not told: the grant lives
// on. Faults: account-unknown, account-ambiguous, write-failed, locked.
func Logout(ctx context.Context, cfg *config.Config, env Environment, account string) (Change, error) {
	folder := Folder(cfg, env)
	unlock, err := lock(ctx, folder)
	if err != nil {
		return Change{}, err
	}
	defer unlock()
	accounts, err := Accounts(ctx, cfg, env)
	if err != nil {
		return Change{}, err
	}
	a, err := pick(accounts, account)
	if err != nil {
		return Change{}, err
	}
	if err := os.MkdirAll(trash(folder), 0o700); err != nil {
		return Change{}, unwritable(trash(folder), err)
	}
	to := filepath.Join(trash(folder), trashName(filepath.Base(a.File), env.Now()))
	if err := carry(a.File, to); err != nil {
		return Change{}, unwritable(to, err)
	}
	return Change{Changed: true, Source: a.File, Destination: to, Proof: "the file is in the trash", Warnings: []Warning{{
		"grant-alive", "the provider was not told: mage auth:logout " + a.Account + " -undo brings it back, deleting " + to + " does not revoke it",
	}}}, nil
}

// carry renames, also to another file system.
func carry(from, to string) error {
	err := os.Rename(from, to)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return err
	}
	data, err := readSource(from)
	if err != nil {
		return err
	}
	if err := writeFile(to, data); err != nil {
		return err
	}
	return os.Remove(from)
}

// Restore brings an account back that was last logged out under that name.
// When the proof fails it is in the trash again. Faults: account-unknown,
// destination-taken, write-failed, locked, and those of prove.
func Restore(ctx context.Context, cfg *config.Config, env Environment, account string) (Change, error) {
	folder := Folder(cfg, env)
	unlock, err := lock(ctx, folder)
	if err != nil {
		return Change{}, err
	}
	defer unlock()
	providers, err := Providers(cfg)
	if err != nil {
		return Change{}, err
	}
	name, err := lastTrashed(folder, account, providers)
	if err != nil {
		return Change{}, err
	}
	original, _ := fromTrash(name)
	from, to := filepath.Join(trash(folder), name), filepath.Join(folder, original)
	if filepath.Ext(original) == ".key" {
		to = filepath.Join(cfg.Paths.Secrets(), original)
	}
	if _, err := os.Lstat(to); err == nil {
		return Change{}, fault.New("destination-taken", "%s is there again; nothing was changed", to).WithHint("log that out first, or move it away")
	}
	if err := carry(from, to); err != nil {
		return Change{}, unwritable(to, err)
	}
	d := desk{cfg: cfg, env: env}
	changes := []Change{{Changed: true, Source: from, Destination: to, Proof: "the file is back", Warnings: []Warning{}}}
	if err = d.proveAll(ctx, changes); err != nil {
		if back := carry(to, from); back != nil {
			return Change{}, errors.Join(err, unwritable(from, back))
		}
		return Change{}, err
	}
	return changes[0], nil
}

// lastTrashed is the youngest file in the trash of the account that logout takes
// under that name. Faults: account-unknown, account-ambiguous.
func lastTrashed(folder, account string, providers []Provider) (string, error) {
	entries, err := os.ReadDir(trash(folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fault.New("auth-dir-unreadable", "read the trash: %w", err).WithHint("it must be a folder that you may read")
	}
	var fits, have []string
	meant := map[string]string{} // the youngest file of each account
	for _, e := range entries {
		original, ok := fromTrash(e.Name())
		if !ok {
			continue
		}
		name := strings.TrimSuffix(strings.TrimSuffix(original, ".json"), ".key")
		have = append(have, name)
		switch {
		case account == name || account == original || account == e.Name():
			fits = append(fits, e.Name())
		case isMeant(filepath.Join(trash(folder), e.Name()), name, account, providers):
			meant[name] = max(meant[name], e.Name())
		}
	}
	if len(fits) == 0 && len(meant) > 1 {
		return "", fault.Usage("account-ambiguous", "%q fits %d accounts in the trash", account, len(meant)).
			WithHint("one of %s", strings.Join(slices.Sorted(maps.Keys(meant)), ", "))
	}
	for _, file := range meant {
		fits = append(fits, file)
	}
	if len(fits) == 0 {
		return "", fault.Usage("account-unknown", "the trash has no account %q", account).WithHint("%s", knownAccounts(account, lo.Uniq(have)))
	}
	return slices.Max(fits), nil // the time is in the name
}

// isMeant reports whether a file in the trash is of the account that a person
// names by its e-mail or its provider.
func isMeant(file, name, account string, providers []Provider) bool {
	if provider, ok := strings.CutPrefix(name, "provider-"); ok && provider == account {
		return true
	}
	data, err := safefile.Read(file, maxFile)
	if err != nil {
		return false
	}
	c, err := parse(data)
	p, _ := ofType(providers, c.Type)
	return err == nil && (c.Email != "" && strings.EqualFold(c.Email, account) || p.Name == account)
}

// pick finds the account that a person named: by its name, its file, its email,
// or its provider when that has only one.
func pick(accounts []Account, name string) (Account, error) {
	tests := []func(Account) bool{
		func(a Account) bool { return a.Account == name || filepath.Base(a.File) == name || a.File == name },
		func(a Account) bool { return a.Email != "" && strings.EqualFold(a.Email, name) },
		func(a Account) bool { return a.Provider == name },
	}
	for _, fits := range tests {
		found := lo.Filter(accounts, func(a Account, _ int) bool { return fits(a) })
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return Account{}, fault.Usage("account-ambiguous", "%q fits %d accounts", name, len(found)).
				WithHint("one of %s", strings.Join(names(found), ", "))
		}
	}
	return Account{}, fault.Usage("account-unknown", "there is no account %q", name).WithHint("%s", knownAccounts(name, names(accounts)))
}

func names(accounts []Account) []string {
	return lo.Map(accounts, func(a Account, _ int) string { return a.Account })
}

func knownAccounts(name string, have []string) string {
	if len(have) == 0 {
		return "there is none; mage auth:status lists them"
	}
	if near := suggest.Nearest(name, have); near != "" {
		return fmt.Sprintf("did you mean %q? mage auth:status lists them", near)
	}
	if len(have) > 10 {
		return "mage auth:status lists them"
	}
	return "there are " + strings.Join(have, ", ")
}
