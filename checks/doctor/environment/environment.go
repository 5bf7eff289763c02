// Package environment holds the checks on the machine and its network: upstreams
// on the network, the clock, proxies, the limit of open files, Go and mage.
package environment

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// Checks returns the checks of this family, each after the checks that it needs.
func Checks(s *subject.Subject) []checks.Check {
	try := subject.Once(func(ctx context.Context) []triedUpstream { return tryExternal(ctx, s) })
	return []checks.Check{
		upstreamReachable(s, try),
		clockRight(s, try),
		proxyBypassed(s),
		filesEnough(s),
		goVersion(s),
		mageVersion(s),
	}
}
