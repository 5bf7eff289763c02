package upstream

import (
	"context"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func credentialsFresh(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "credentials.fresh", Title: "No credential has ended", Needs: []string{"config.valid"},
		About: "Reads when each access token expires. An expired one with a refresh token is well: the server renews it. Without one it has ended, and the account is to be signed in again. What a file does not say is not guessed; disabled accounts are left out. Looking never renews a token.",
		Run: func(context.Context) checks.Outcome {
			accounts, err := s.Accounts()
			if err != nil {
				return checks.FromFault(err)
			}
			return collectProblems(accounts, func(a auth.Account) string {
				if a.State == auth.Dead && !a.Disabled {
					return a.Evidence
				}
				return ""
			}).outcome(checks.Failed(""), "mage auth:status", "sign in again: mage auth:login PROVIDER")
		},
	}
}
