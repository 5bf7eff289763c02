package credential

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks"
)

// account is what the report says of one account.
type account struct {
	Provider   string     `json:"provider"`
	Account    string     `json:"account"`
	File       string     `json:"file"`
	State      auth.State `json:"state"`
	Evidence   string     `json:"evidence"`
	ObservedAt time.Time  `json:"observed_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	Problem    string     `json:"problem"`
}

// credentials is the detail of the checks about credentials.
type credentials struct {
	checks.Note
	Accounts []account `json:"accounts"` // the ones that the check complains about; at most maxListed
	Examined int       `json:"examined"`
}

// maxListed bounds how many accounts one result names: a folder may hold thousands.
const maxListed = 20

// outcome returns o with the collected problems; without one the check has passed, or was
// skipped when there is no account.
func (c credentials) outcome(o checks.Outcome, command, fix string) checks.Outcome {
	if c.Examined == 0 {
		return checks.Skipped("there is no credential file")
	}
	if len(c.Accounts) == 0 {
		return checks.Passed(credentials{Accounts: []account{}, Examined: c.Examined})
	}
	lines := lo.Map(c.Accounts[:min(len(c.Accounts), maxListed)], func(a account, _ int) string {
		return filepath.Base(a.File) + ": " + a.Problem
	})
	if more := len(c.Accounts) - maxListed; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
		c.Accounts = c.Accounts[:maxListed]
	}
	c.Text = strings.Join(lines, "; ")
	return o.WithDetail(c).WithFix(command, fix)
}

// collectProblems returns the accounts for which problem returns a text, with that text.
func collectProblems(all []auth.Account, problem func(auth.Account) string) credentials {
	c := credentials{Accounts: []account{}, Examined: len(all)}
	for _, a := range all {
		if text := problem(a); text != "" {
			c.Accounts = append(
				c.Accounts,
				account{a.Provider, a.Account, a.File, a.State, a.Evidence, a.ObservedAt, a.ExpiresAt, text},
			)
		}
	}
	return c
}

// firstProblemOf returns the first problem of an account that has one of the codes.
func firstProblemOf(codes ...string) func(auth.Account) string {
	return func(a auth.Account) string {
		p, _ := lo.Find(a.Problems, func(p auth.Problem) bool { return slices.Contains(codes, p.Code) })
		return p.Message
	}
}
