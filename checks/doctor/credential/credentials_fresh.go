package credential

import (
	"context"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/program"
)

func credentialsFresh(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "credentials.fresh", Title: "No credential has expired for good", Needs: []string{"config.valid"},
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
			}).outcome(checks.Failed(""), program.Fix("mage auth:status"),
				program.Text("sign in again: mage auth:login PROVIDER"))
		},
	}
}
