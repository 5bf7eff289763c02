package doctor

import (
	"context"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks"
)

func (s *subject) credentialsFresh() checks.Check {
	return checks.Check{
		ID: "credentials.fresh", Title: "No credential has ended", Needs: []string{"config.valid"},
		About: "Reads when each access token expires. An expired one with a refresh token is well: the server renews it. Without one it has ended, and the account is to be signed in again. What a file does not say is not guessed; disabled accounts are left out. Looking never renews a token.",
		Run: func(context.Context) checks.Outcome {
			accounts, err := s.accounts()
			if err != nil {
				return checks.FromFault(err)
			}
			return judge(accounts, func(a auth.Account) string {
				if a.State == auth.Dead && !a.Disabled {
					return a.Evidence
				}
				return ""
			}).complain(checks.Failed(""), "mage auth:status", "sign in again: mage auth:login PROVIDER")
		},
	}
}
