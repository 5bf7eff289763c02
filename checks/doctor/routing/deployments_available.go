package routing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/router/state"
)

// coolingDetail is the router's deployments with the reason why a group has none.
type coolingDetail struct {
	state.Report
	Text string `json:"reason,omitempty"`
}

// Reason implements report.Reasoned.
func (d coolingDetail) Reason() string { return d.Text }

func deploymentsAvailable(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "deployments.available", Title: "Every group has an available deployment",
		Needs: []string{"services.ready"}, Timeout: subject.Patience,
		Run: func(context.Context) checks.Outcome {
			health, err := s.Health()
			if err != nil {
				return checks.FromFault(err)
			}
			for _, svc := range health.Services {
				if svc.Router != nil {
					return JudgeDeployments(*svc.Router, svc.Name)
				}
			}
			return checks.Skipped("no embedded router reports its deployments")
		},
	}
}

// JudgeDeployments fails when a group has no deployment that may be asked.
func JudgeDeployments(report state.Report, service string) checks.Outcome {
	detail := coolingDetail{Report: report}
	if len(report.UnavailableGroups) == 0 {
		return checks.Passed(detail)
	}
	lines := []string{"no deployment is available of " + strings.Join(report.UnavailableGroups, ", ")}
	for _, c := range report.Cooling {
		lines = append(lines, fmt.Sprintf("%s cools down until %s. %s", c.Deployment, c.Until.Format(time.RFC3339), c.Reason))
	}
	detail.Text = strings.Join(lines, "; ")
	return checks.Failed("").WithDetail(detail).
		WithFix("mage logs "+service, fmt.Sprintf(
			program.Format("fix what the reason says, or wait until the cooldown ends; mage logs %[1]s shows the failures, ")+
				program.Format("mage restart %[1]s forgets them"), service))
}
