package auth

import (
	"path/filepath"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// FindAccount returns the account that name means: its name, its file, its e-mail
// address, or its provider if that has only one account. Faults:
// account-ambiguous, account-unknown.
func FindAccount(accounts []Account, name string) (Account, error) {
	matchers := []func(Account) bool{
		func(a Account) bool { return a.Account == name || filepath.Base(a.File) == name || a.File == name },
		func(a Account) bool { return a.Email != "" && strings.EqualFold(a.Email, name) },
		func(a Account) bool { return a.Provider == name },
	}
	for _, matches := range matchers {
		found := lo.Filter(accounts, func(a Account, _ int) bool { return matches(a) })
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return Account{}, fault.Usage("account-ambiguous", "%q matches %d accounts", name, len(found)).
				WithHint("type one of %s", strings.Join(AccountNames(found), ", "))
		}
	}
	return Account{}, fault.Usage("account-unknown", "there is no account %q", name).
		WithHint("%s", AccountHint(name, AccountNames(accounts)))
}

// AccountNames returns the names that FindAccount takes.
func AccountNames(accounts []Account) []string {
	return lo.Map(accounts, func(a Account, _ int) string { return a.Account })
}

// AccountHint returns the hint for an unknown account name: the nearest of the
// existing ones, or all.
func AccountHint(name string, known []string) string {
	if len(known) == 0 {
		return program.Text("there are none; mage auth:status lists the accounts")
	}
	all := program.Text("mage auth:status lists them")
	if hint := suggest.HintBefore(all, name, known); hint != all || len(known) > 10 {
		return hint
	}
	return "there are " + strings.Join(known, ", ")
}

// AccountLabel returns the e-mail address of an account, else its file name.
func AccountLabel(email, file string) string {
	if email != "" {
		return email
	}
	return strings.TrimSuffix(file, ".json")
}
