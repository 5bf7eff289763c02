package doctor

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks"
)

// soon is how far ahead an end that nothing can put off is told.
const soon = 24 * time.Hour

func (s *subject) credentialsRenewable() checks.Check {
	return checks.Check{
		ID: "credentials.renewable", Title: "No credential ends within a day for want of a refresh token", Needs: []string{"config.valid"},
		About: "Looks for access tokens that expire within 24 hours and have no refresh token beside them: nothing can renew those. (Tokens that last by design, API keys and GitHub's, have neither.)",
		Run: func(context.Context) checks.Outcome {
			accounts, err := s.accounts()
			if err != nil {
				return checks.FromFault(err)
			}
			end := s.o.Now().Add(soon)
			return judge(accounts, func(a auth.Account) string {
				if a.State == auth.Fresh && !a.Refreshable && a.ExpiresAt != nil && a.ExpiresAt.Before(end) && !a.Disabled {
					return "it ends at " + a.ExpiresAt.UTC().Format(time.RFC3339) + " and there is no refresh token"
				}
				return ""
			}).complain(checks.Warned(""), "mage auth:status", "sign in again before it ends: mage auth:login PROVIDER")
		},
	}
}
