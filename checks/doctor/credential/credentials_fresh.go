package credential

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/samber/lo"

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
			undated := lo.Filter(accounts, func(a auth.Account, _ int) bool { return a.State == auth.Unknown && !a.Disabled })
			isDead := func(a auth.Account) bool { return a.State == auth.Dead && !a.Disabled }
			if len(undated) > 0 && !slices.ContainsFunc(accounts, isDead) {
				return checks.Skipped("whether %s has expired is not known: %s",
					filepath.Base(undated[0].File), undated[0].Evidence)
			}
			return collectProblems(accounts, func(a auth.Account) string {
				if isDead(a) {
					return a.Evidence
				}
				return ""
			}).outcome(checks.Failed(""), program.Fix("mage auth:status"),
				program.Text("sign in again: mage auth:login PROVIDER"))
		},
	}
}
