package service

import (
	"context"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/drift"
)

func servicesCurrent(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "services.current", Title: "What runs is what the configuration has",
		Needs: []string{"services.live"}, Timeout: subject.Patience,
		Run: func(context.Context) checks.Outcome {
			status, err := s.Status()
			if err != nil {
				return checks.FromFault(err)
			}
			status.Services = append([]control.ServiceStatus{}, status.Services...) // other checks read them meanwhile
			// profile.current compares the generated configuration with flowgate.yaml.
			drift.Compare(s.Config, &status, drift.Generated(s.Config))
			found := observedServices{ObservedAt: s.Now().UTC(), Services: status.Services}
			differing := lo.Filter(status.Services, func(svc control.ServiceStatus, _ int) bool { return len(svc.Differs) > 0 })
			unknown := drift.FindUnrecorded(s.Config, status)
			switch {
			case len(differing) == 0 && len(unknown) > 0:
				return checks.Skipped("what %s was started with is not known", strings.Join(unknown, ", "))
			case len(differing) == 0:
				return checks.Passed(found)
			}
			found.Text = strings.Join(lo.Map(differing, func(svc control.ServiceStatus, _ int) string {
				return svc.Name + ": " + strings.Join(svc.Differs, "; ")
			}), "; ")
			return checks.Warned("").
				WithDetail(found).
				WithFix("mage restart "+differing[0].Name, "restart it with the configuration as it is now")
		},
	}
}
