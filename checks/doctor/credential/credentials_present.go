package credential

import (
	"context"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/program"
)

// missingProviders is the detail of credentials.present.
type missingProviders struct {
	checks.Note
	Providers []string `json:"providers"`
}

func credentialsPresent(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "credentials.present", Title: "Every configured provider has a credential", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			if _, isCLIProxy := s.CLIProxyService(); !isCLIProxy {
				return subject.SkippedForEcho()
			}
			accounts, err := s.Accounts()
			if err != nil {
				return checks.FromFault(err)
			}
			providers, err := provider.All(s.Config)
			if err != nil {
				return checks.FromFault(err)
			}
			missing := missingProviders{}
			for _, p := range providers {
				has := lo.SomeBy(accounts, func(a auth.Account) bool { return a.Provider == p.Name })
				if p.Written && !has {
					missing.Providers = append(missing.Providers, p.Name)
				}
			}
			if len(missing.Providers) == 0 {
				return checks.Passed(nil)
			}
			missing.Text = "no credential of " + strings.Join(missing.Providers, ", ")
			return checks.Failed("").
				WithDetail(missing).
				WithFix("mage auth:login "+missing.Providers[0], program.Text("sign in, or mage auth:import what another tool has"))
		},
	}
}
