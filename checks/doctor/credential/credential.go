// Package credential holds the checks on the files that CLIProxyAPI signs in to
// providers with: whether they are there, readable, private and renewable.
package credential

import (
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// Checks returns the checks of this family, each after the checks that it needs.
func Checks(s *subject.Subject) []checks.Check {
	return []checks.Check{
		credentialsPresent(s),
		credentialsParsable(s),
		credentialsPrivate(s),
		credentialsFresh(s),
		credentialsRenewable(s),
		credentialsShared(s),
	}
}
