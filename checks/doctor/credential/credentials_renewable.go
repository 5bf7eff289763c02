package credential

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/program"
)

// expiryWindow is how long before its end a credential that cannot be renewed is reported.
const expiryWindow = 24 * time.Hour

func credentialsRenewable(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "credentials.renewable", Title: "No credential expires within a day without a refresh token",
		Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			accounts, err := s.Accounts()
			if err != nil {
				return checks.FromFault(err)
			}
			end := s.Now().Add(expiryWindow)
			return collectProblems(accounts, func(a auth.Account) string {
				if a.State == auth.Fresh && !a.Refreshable && a.ExpiresAt != nil && a.ExpiresAt.Before(end) && !a.Disabled {
					return "it expires at " + a.ExpiresAt.UTC().Format(time.RFC3339) + " and there is no refresh token"
				}
				return ""
			}).outcome(checks.Warned(""), program.Fix("mage auth:status"),
				program.Text("sign in again before it expires: mage auth:login PROVIDER"))
		},
	}
}
