package bundle

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/program"
)

// Options steer Export.
type Options struct {
	Dest      string                              // "": ACCOUNT.age in the working folder
	Recipient string                              // an age recipient; "": a passphrase
	Env       string                              // variable that holds the passphrase
	Force     bool                                // replace the file
	Secret    func(prompt string) (string, error) // asks for the passphrase; nil without a terminal
}

// Export writes one account, the accounts of a provider, or all accounts into one
// encrypted file. source.Import reads it on another machine. Faults: account-unknown,
// account-ambiguous, recipient-invalid, passphrase-missing, destination-taken,
// write-failed, those of auth.Accounts and Seal.
func Export(ctx context.Context, cfg *config.Config, env auth.Environment, account string,
	o Options) (auth.Change, error) {
	accounts, err := auth.Accounts(ctx, cfg, env)
	if err != nil {
		return auth.Change{}, err
	}
	chosen, err := pickAccounts(accounts, account)
	if err != nil {
		return auth.Change{}, err
	}
	if o.Dest == "" {
		o.Dest = strings.TrimSuffix(draft.SafeName(account), ".json") + ".age"
	}
	dest, err := filepath.Abs(o.Dest)
	if err != nil {
		return auth.Change{}, fmt.Errorf("resolve %s: %w", o.Dest, err)
	}
	if _, err := os.Lstat(dest); err == nil && !o.Force {
		return auth.Change{}, fault.Usage("destination-taken", "%s exists already", dest).
			WithHint("-dest=FILE names another, -force replaces it")
	}
	recipient, err := o.recipient(env)
	if err != nil {
		return auth.Change{}, err
	}
	sealed, err := Seal(chosen, recipient)
	if err != nil {
		return auth.Change{}, err
	}
	if err := privatefile.Write(dest, sealed); err != nil {
		return auth.Change{}, err
	}
	c := auth.Change{Changed: true, Account: &chosen[0], Source: chosen[0].File, Destination: dest,
		Warnings: []auth.Warning{}, Proof: fmt.Sprintf("%d accounts, encrypted", len(chosen))}
	if lo.SomeBy(chosen, func(a auth.Account) bool { return a.Refreshable }) {
		c.Warnings = append(c.Warnings, auth.Warning{Code: "grant-shared",
			Message: program.Text("both machines now hold the grant: log out here (mage auth:logout) when it works there")})
	}
	return c, nil
}

// pickAccounts returns the accounts that name means: those of a provider, all, or one.
// Faults: account-unknown, account-ambiguous.
func pickAccounts(accounts []auth.Account, name string) ([]auth.Account, error) {
	chosen := lo.Filter(accounts, func(a auth.Account, _ int) bool {
		return a.Provider == name || name == auth.AllProviders
	})
	if len(chosen) > 0 {
		return chosen, nil
	}
	a, err := auth.FindAccount(accounts, name)
	return []auth.Account{a}, err
}
