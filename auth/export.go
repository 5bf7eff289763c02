package auth

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// ExportOptions steer Export.
type ExportOptions struct {
	Dest      string                              // "": ACCOUNT.age in the working folder
	Recipient string                              // an age recipient; "": a passphrase
	Env       string                              // variable that holds the passphrase
	Force     bool                                // replace the file
	Secret    func(prompt string) (string, error) // asks for the passphrase; may be nil
}

// Export writes an account, or those of a provider, or all, into one file that
// only its recipient can read (age, https://age-encryption.org/v1). Import takes
// it on another machine. Faults: account-unknown, account-ambiguous,
// recipient-invalid, passphrase-missing, destination-taken, write-failed.
func Export(ctx context.Context, cfg *config.Config, env Environment, account string, o ExportOptions) (Change, error) {
	accounts, err := Accounts(ctx, cfg, env)
	if err != nil {
		return Change{}, err
	}
	chosen, err := several(accounts, account)
	if err != nil {
		return Change{}, err
	}
	if o.Dest == "" {
		o.Dest = strings.TrimSuffix(safeName(account), ".json") + ".age"
	}
	dest, err := filepath.Abs(o.Dest)
	if err != nil {
		return Change{}, fmt.Errorf("resolve %s: %w", o.Dest, err)
	}
	if _, err := os.Lstat(dest); err == nil && !o.Force {
		return Change{}, fault.Usage("destination-taken", "%s is there already", dest).WithHint("-dest=FILE names another, -force replaces it")
	}
	recipient, err := o.recipient(env)
	if err != nil {
		return Change{}, err
	}
	sealed, err := seal(chosen, recipient)
	if err != nil {
		return Change{}, err
	}
	if err := writeFile(dest, sealed); err != nil {
		return Change{}, err
	}
	c := Change{Changed: true, Account: &chosen[0], Source: chosen[0].File, Destination: dest, Warnings: []Warning{}, Proof: fmt.Sprintf("%d accounts, encrypted", len(chosen))}
	if lo.SomeBy(chosen, func(a Account) bool { return a.Refreshable }) {
		c.Warnings = append(c.Warnings, Warning{"grant-shared", "both machines hold the grant from now on: log out here (mage auth:logout) once it works there"})
	}
	return c, nil
}

// several is pick that takes a provider's accounts, and all, too.
func several(accounts []Account, name string) ([]Account, error) {
	of := lo.Filter(accounts, func(a Account, _ int) bool { return a.Provider == name || name == all })
	if len(of) > 0 {
		return of, nil
	}
	a, err := pick(accounts, name)
	return []Account{a}, err
}
