package service

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/version"
)

func supervisorCurrent(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "supervisor.current", Title: "The running supervisor has this version", Needs: []string{"supervisor.answers"},
		Run: func(context.Context) checks.Outcome {
			status, err := s.Status()
			if err != nil || status.Supervisor == nil {
				return checks.Skipped("no supervisor runs")
			}
			if why := status.Supervisor.UpgradeFailure; why != "" {
				return checks.Warned("the last upgrade failed and the old supervisor continues: %s", why).
					WithFix("mage supervisor:upgrade", "try again")
			}
			if there := status.Supervisor.Version; there != version.String() {
				return checks.Warned("the supervisor that runs is FlowGate %s, and this program is %s", there, version.String()).
					WithFix("mage supervisor:upgrade", "hand over to this version; no service is stopped")
			}
			return checks.Passed(observedSupervisor{ObservedAt: s.Now().UTC(), Supervisor: status.Supervisor})
		},
	}
}
