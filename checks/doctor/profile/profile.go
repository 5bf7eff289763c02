// Package profile holds the checks on the profile in force and on the router
// configuration that is generated from it.
package profile

import (
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// Checks returns the checks of this family, each after the checks that it needs.
func Checks(s *subject.Subject) []checks.Check {
	return []checks.Check{
		profileState(s),
		profileActive(s),
		profileCurrent(s),
	}
}
