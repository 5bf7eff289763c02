package wiring

import (
	"context"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/program"
)

func modelsServed(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "models.served", Title: "The running router serves every model group of the configuration",
		Needs: []string{"services.ready", "ports.available", "profile.active"}, Timeout: subject.Patience, Active: true,
		Run: func(ctx context.Context) checks.Outcome {
			svc, ok := s.Config.Service(config.LiteLLM)
			if !ok {
				return checks.Skipped("there is no router")
			}
			active, err := s.ActiveConfig()
			if err != nil {
				return checks.FromFault(err)
			}
			key, err := policy.ClientKey(s.Config, s.Getenv)
			if err != nil {
				return checks.FromFault(err)
			}
			served, why := listModels(ctx, s, svc.URL(), key)
			if why != "" {
				return checks.Failed("%s", why).WithFix("mage logs litellm", "its last lines say why")
			}
			found := modelsDetail{Missing: []string{}, Offered: len(served), Source: svc.URL() + "/v1/models"}
			for group := range subject.Groups(subject.DeploymentsIn(active.Config)) {
				if !served[group] && !strings.Contains(group, "*") {
					found.Missing = append(found.Missing, group)
				}
			}
			if len(found.Missing) == 0 {
				return checks.Passed(found)
			}
			slices.Sort(found.Missing)
			found.Text = "dropped at load: " + strings.Join(lo.Uniq(found.Missing), ", ")
			return checks.Failed("").
				WithDetail(found).
				WithFix("mage logs litellm", program.Text("its first lines after the start say why; then mage restart litellm"))
		},
	}
}
