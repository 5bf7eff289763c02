package credential

import (
	"context"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/program"
)

func credentialsParsable(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "credentials.parsable", Title: "Every credential file can be read and used", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			accounts, err := s.Accounts()
			if err != nil {
				return checks.FromFault(err)
			}
			return collectProblems(
				accounts,
				firstProblemOf(
					auth.ProblemUnreadable,
					auth.ProblemInvalid,
					auth.ProblemTooLarge,
					auth.ProblemNoType,
					auth.ProblemNoToken,
					auth.ProblemTime,
					auth.ProblemType,
				),
			).
				outcome(checks.Failed(""), program.Fix("mage auth:status"), "sign in again, or move the file away")
		},
	}
}
