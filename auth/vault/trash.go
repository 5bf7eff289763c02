package vault

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/auth/vault/proof"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Logout takes an account out of the folder that CLIProxyAPI loads and keeps
// it in the trash; Restore undoes it. The provider is not told: the grant lives
// on. Faults: account-unknown, account-ambiguous, write-failed, locked.
func Logout(ctx context.Context, cfg *config.Config, env auth.Environment, account string) (auth.Change, error) {
	folder := auth.Folder(cfg, env)
	unlock, err := Lock(ctx, folder)
	if err != nil {
		return auth.Change{}, err
	}
	defer unlock()
	accounts, err := auth.Accounts(ctx, cfg, env)
	if err != nil {
		return auth.Change{}, err
	}
	a, err := auth.FindAccount(accounts, account)
	if err != nil {
		return auth.Change{}, err
	}
	if err := os.MkdirAll(auth.TrashFolder(folder), 0o700); err != nil {
		return auth.Change{}, privatefile.Unwritable(auth.TrashFolder(folder), err)
	}
	to := filepath.Join(auth.TrashFolder(folder), TrashName(filepath.Base(a.File), env.Now()))
	if err := moveFile(a.File, to); err != nil {
		return auth.Change{}, privatefile.Unwritable(to, err)
	}
	return auth.Change{Changed: true, Source: a.File, Destination: to, Proof: "the file is in the trash", Warnings: []auth.Warning{{
		Code: "grant-alive", Message: "the provider was not told: mage auth:logout " + a.Account + " -undo brings it back, deleting " + to + " does not revoke it",
	}}}, nil
}

// moveFile renames, also to another file system.
func moveFile(from, to string) error {
	err := os.Rename(from, to)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return err
	}
	data, err := credential.ReadFile(from)
	if err != nil {
		return err
	}
	if err := privatefile.Write(to, data); err != nil {
		return err
	}
	return os.Remove(from)
}

// Restore brings an account back that was last logged out under that name.
// When the proof fails it is in the trash again. Faults: account-unknown,
// destination-taken, write-failed, locked, and those of prove.
func Restore(ctx context.Context, cfg *config.Config, env auth.Environment, account string) (auth.Change, error) {
	folder := auth.Folder(cfg, env)
	unlock, err := Lock(ctx, folder)
	if err != nil {
		return auth.Change{}, err
	}
	defer unlock()
	providers, err := provider.All(cfg)
	if err != nil {
		return auth.Change{}, err
	}
	name, err := newestInTrash(folder, account, providers)
	if err != nil {
		return auth.Change{}, err
	}
	original, _ := originalName(name)
	from, to := filepath.Join(auth.TrashFolder(folder), name), filepath.Join(folder, original)
	if filepath.Ext(original) == ".key" {
		to = filepath.Join(cfg.Paths.Secrets(), original)
	}
	if _, err := os.Lstat(to); err == nil {
		return auth.Change{}, fault.New("destination-taken", "%s is there again; nothing was changed", to).WithHint("log that out first, or move it away")
	}
	if err := moveFile(from, to); err != nil {
		return auth.Change{}, privatefile.Unwritable(to, err)
	}
	changes := []auth.Change{{Changed: true, Source: from, Destination: to, Proof: "the file is back", Warnings: []auth.Warning{}}}
	if err = proof.All(ctx, cfg, env, changes); err != nil {
		if back := moveFile(to, from); back != nil {
			return auth.Change{}, errors.Join(err, privatefile.Unwritable(from, back))
		}
		return auth.Change{}, err
	}
	return changes[0], nil
}

// newestInTrash is the youngest file in the trash of the account that logout takes
// under that name. Faults: account-unknown, account-ambiguous.
func newestInTrash(folder, account string, providers []provider.Provider) (string, error) {
	entries, err := os.ReadDir(auth.TrashFolder(folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fault.New("auth-dir-unreadable", "read the trash: %w", err).WithHint("it must be a folder that you may read")
	}
	var fits, have []string
	meant := map[string]string{} // the youngest file of each account
	for _, e := range entries {
		original, ok := originalName(e.Name())
		if !ok {
			continue
		}
		name := strings.TrimSuffix(strings.TrimSuffix(original, ".json"), ".key")
		have = append(have, name)
		switch {
		case account == name || account == original || account == e.Name():
			fits = append(fits, e.Name())
		case isAccountFile(filepath.Join(auth.TrashFolder(folder), e.Name()), name, account, providers):
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
		return "", fault.Usage("account-unknown", "the trash has no account %q", account).WithHint("%s", auth.AccountHint(account, lo.Uniq(have)))
	}
	return slices.Max(fits), nil // the time is in the name
}

// isAccountFile reports whether a file in the trash is of the account that a person
// names by its e-mail or its provider.
func isAccountFile(file, name, account string, providers []provider.Provider) bool {
	if provider, ok := strings.CutPrefix(name, "provider-"); ok && provider == account {
		return true
	}
	data, err := safefile.Read(file, credential.MaxSize)
	if err != nil {
		return false
	}
	c, err := credential.Parse(data)
	p, _ := provider.OfType(providers, c.Type)
	return err == nil && (c.Email != "" && strings.EqualFold(c.Email, account) || p.Name == account)
}
