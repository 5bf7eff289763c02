// Package upstream holds the checks on CLIProxyAPI, the supervised upstream, and
// on the credentials that it serves with.
package upstream

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// Checks returns the checks of this family, each after those that it needs.
func Checks(s *subject.Subject) []checks.Check {
	ask := subject.Once(func(ctx context.Context) management { return askManagementAPI(ctx, s) })
	return []checks.Check{
		cliproxyConfig(s),
		cliproxyKeys(s),
		cliproxyHeaders(s),
		cliproxyFolder(s),
		cliproxyReachable(s),
		cliproxyManagement(s, ask),
		cliproxyVersion(s, ask),
		credentialsPresent(s),
		credentialsParsable(s),
		credentialsPrivate(s),
		credentialsFresh(s),
		credentialsRenewable(s),
		credentialsShared(s),
		credentialsUsable(s, ask),
	}
}
