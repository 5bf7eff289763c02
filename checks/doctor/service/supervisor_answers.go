package service

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// observedSupervisor is what the supervisor said, and when.
type observedSupervisor struct {
	ObservedAt time.Time               `json:"observed_at"`
	Supervisor *control.SupervisorInfo `json:"supervisor"` // nil: none runs
	checks.Note
}

func supervisorAnswers(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "supervisor.answers", Title: "The supervisor answers, if one runs",
		Needs: []string{"config.valid"}, Timeout: subject.Patience,
		Run: func(context.Context) checks.Outcome {
			status, err := s.Status()
			if err != nil {
				return checks.FromFault(err)
			}
			seen := observedSupervisor{ObservedAt: s.Now().UTC(), Supervisor: status.Supervisor}
			if seen.Supervisor == nil {
				seen.Text = "none runs: the stack is down"
			}
			return checks.Passed(seen)
		},
	}
}
