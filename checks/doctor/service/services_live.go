package service

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// observedServices is the services as they were observed, and when.
type observedServices struct {
	checks.Note
	ObservedAt time.Time               `json:"observed_at"`
	Services   []control.ServiceStatus `json:"services"`
}

// skippedStackDown returns the outcome for a stack that was not started.
func skippedStackDown() checks.Outcome {
	return checks.Skipped("the stack is down").WithFix("mage start", "bring it up")
}

func servicesLive(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "services.live", Title: "All services are alive",
		Needs: []string{"supervisor.answers"}, Timeout: subject.Patience,
		Run: func(context.Context) checks.Outcome {
			status, err := s.Status()
			if err != nil {
				return checks.FromFault(err)
			}
			dead := lo.Reject(status.Services, func(svc control.ServiceStatus, _ int) bool { return svc.Live })
			if len(dead) == len(status.Services) && status.Supervisor == nil {
				return skippedStackDown()
			}
			found := observedServices{ObservedAt: s.Now().UTC(), Services: status.Services}
			if len(dead) == 0 {
				return checks.Passed(found)
			}
			found.Text = strings.Join(lo.Map(dead, func(svc control.ServiceStatus, _ int) string {
				return strings.TrimSuffix(fmt.Sprintf("%s is %s: %s", svc.Name, svc.State, svc.Reason), ": ")
			}), "; ")
			first := dead[0]
			if first.State == control.StateStopped || first.State == control.StateFailed && first.LastExit == nil {
				return checks.Failed("").
					WithDetail(found).
					WithFix("mage start "+first.Name, "bring it up again; the start says what is missing")
			}
			return checks.Failed("").
				WithDetail(found).
				WithFix("mage logs "+first.Name, program.Text("its log says why it ended; mage start brings it up again"))
		},
	}
}
