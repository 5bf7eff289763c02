// Package service holds the checks on what runs: the supervisor, the processes
// of the services, their ports, liveness and readiness.
package service

import (
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// Checks returns the checks of this family, each after the checks that it needs.
func Checks(s *subject.Subject) []checks.Check {
	return []checks.Check{
		supervisorAnswers(s),
		supervisorCurrent(s),
		processesStale(s),
		processesOrphaned(s),
		processesCrashing(s),
		portsAvailable(s),
		portsDistinct(s),
		portsLoopback(s),
		readinessFree(s),
		servicesLive(s),
		servicesReady(s),
		servicesCurrent(s),
	}
}
