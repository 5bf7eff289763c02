package credential

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// sharedGrants is the detail of credentials.shared.
type sharedGrants struct {
	checks.Note
	Grants []grant.Shared `json:"grants"`
}

func credentialsShared(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "credentials.shared", Title: "No two programs use one sign-in", Needs: []string{"config.valid"},
		Run: func(ctx context.Context) checks.Outcome {
			accounts, err := s.Accounts()
			if err != nil {
				return checks.FromFault(err)
			}
			shared, err := grant.FindShared(ctx, s.Config, s.AuthEnvironment(), accounts)
			if err != nil {
				return checks.FromFault(err)
			}
			found := sharedGrants{Grants: lo.Filter(shared, func(g grant.Shared, _ int) bool { return g.SingleUse })}
			if len(found.Grants) == 0 {
				return checks.Passed(nil)
			}
			lines := lo.Map(found.Grants, func(g grant.Shared, _ int) string {
				return strings.Join(
					lo.Map(g.Holders, func(h grant.Holder, _ int) string { return h.Keeper + ": " + filepath.Base(h.File) }),
					" and ",
				)
			})
			found.Text = "one sign-in in two places; whichever renews it first signs the other out: " + strings.Join(
				lo.Uniq(lines),
				"; ",
			)
			return checks.Warned("").
				WithDetail(found).
				WithFix("mage auth:status", "sign in once more for one of them, and remove the copy")
		},
	}
}
