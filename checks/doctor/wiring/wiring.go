// Package wiring holds the checks on how the router and the upstream fit
// together: addresses, keys, variables and models.
package wiring

import (
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// Checks returns the checks of this family, each after the checks that it needs.
func Checks(s *subject.Subject) []checks.Check {
	return []checks.Check{
		stackAddress(s),
		stackKey(s),
		stackModels(s),
		stackEnvironment(s),
		modelsServed(s),
	}
}
