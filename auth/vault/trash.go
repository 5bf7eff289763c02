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
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Logout moves an account's file to the trash, so that CLIProxyAPI no longer loads
// it; Restore moves it back. The provider is not told: the grant stays valid.
// Faults: account-unknown, account-ambiguous, write-failed, locked.
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
	return auth.Change{Changed: true, Source: a.File, Destination: to, Proof: "the file is in the trash",
		Warnings: []auth.Warning{{
			Code: "grant-alive",
			Message: program.Text(
				"the grant is still valid at the provider: mage auth:logout ",
			) + a.Account + " -undo restores the file, " +
				"deleting " + to + " does not revoke it",
		}}}, nil
}

// moveFile renames a file, or copies it to another file system and removes it.
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

// Restore moves the file that was last logged out under that account name back from
// the trash. If the proof fails, it is moved to the trash again. Faults:
// account-unknown, account-ambiguous, destination-taken, write-failed, locked, and
// those of proof.All.
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
		return auth.Change{}, fault.New("destination-taken", "%s exists again; nothing was changed", to).
			WithHint("log out that account first, or move the file away")
	}
	if err := moveFile(from, to); err != nil {
		return auth.Change{}, privatefile.Unwritable(to, err)
	}
	changes := []auth.Change{{Changed: true, Source: from, Destination: to, Proof: "the file was restored",
		Warnings: []auth.Warning{}}}
	if err = proof.All(ctx, cfg, env, changes); err != nil {
		if back := moveFile(to, from); back != nil {
			return auth.Change{}, errors.Join(err, privatefile.Unwritable(from, back))
		}
		return auth.Change{}, err
	}
	return changes[0], nil
}

// newestInTrash returns the name of the newest file in the trash of the account that
// Logout knows by that name. Faults: account-unknown, account-ambiguous,
// auth-dir-unreadable.
func newestInTrash(folder, account string, providers []provider.Provider) (string, error) {
	entries, err := os.ReadDir(auth.TrashFolder(folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fault.New("auth-dir-unreadable", "read the trash: %w", err).
			WithHint("it must be a folder that you can read")
	}
	var found, names []string
	newest := map[string]string{} // the newest file of each account
	for _, e := range entries {
		original, ok := originalName(e.Name())
		if !ok {
			continue
		}
		name := strings.TrimSuffix(strings.TrimSuffix(original, ".json"), ".key")
		names = append(names, name)
		switch {
		case account == name || account == original || account == e.Name():
			found = append(found, e.Name())
		case isAccountFile(filepath.Join(auth.TrashFolder(folder), e.Name()), name, account, providers):
			newest[name] = max(newest[name], e.Name())
		}
	}
	if len(found) == 0 && len(newest) > 1 {
		return "", fault.Usage("account-ambiguous", "%q matches %d accounts in the trash", account, len(newest)).
			WithHint("type one of %s", strings.Join(slices.Sorted(maps.Keys(newest)), ", "))
	}
	for _, file := range newest {
		found = append(found, file)
	}
	if len(found) == 0 {
		return "", fault.Usage("account-unknown", "the trash has no account %q", account).
			WithHint("%s", auth.AccountHint(account, lo.Uniq(names)))
	}
	return slices.Max(found), nil // the time is in the name
}

// isAccountFile reports whether a file in the trash is of the account with that
// e-mail address or provider.
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
