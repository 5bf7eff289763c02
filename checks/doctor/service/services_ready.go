package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

func servicesReady(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "services.ready", Title: "All services are ready",
		Needs: []string{"services.live"}, Timeout: subject.Patience, Active: true,
		Run: func(context.Context) checks.Outcome {
			health, err := s.Health()
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return checks.FromFault(err)
			}
			found := observedServices{ObservedAt: s.Now().UTC(), Services: health.Services}
			bad := lo.Reject(health.Services, func(svc control.ServiceStatus, _ int) bool { return svc.Ready })
			if len(bad) == 0 {
				return checks.Passed(found)
			}
			found.Text = strings.Join(lo.Map(bad, func(svc control.ServiceStatus, _ int) string {
				return fmt.Sprintf("%s is not ready: %s", svc.Name, svc.Reason)
			}), "; ")
			return checks.Failed("").
				WithDetail(found).
				WithFix("mage restart "+bad[0].Name, program.Text("restart it; mage logs ")+bad[0].Name+" says what it waits for")
		},
	}
}
