// Package routing holds the checks on the router's settings: deployments,
// strategy, fallbacks, and keys that LiteLLM would ignore.
//
// It is larger than other packages because it has a file for each check.
package routing

import (
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// Checks returns the checks of this family, each after the checks that it needs.
func Checks(s *subject.Subject) []checks.Check {
	return []checks.Check{
		deploymentsAvailable(s),
		quotaLeft(s),
		deploymentsDistinct(s),
		routingStrategy(s),
		fallbacksKnown(s),
		fallbacksLoop(s),
		settingsEffective(s),
		settingsKnown(s),
		settingsHonoured(s),
		routerRedis(s),
		providersKnown(s),
	}
}
