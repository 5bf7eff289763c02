// Package upstream holds the checks on CLIProxyAPI, the supervised upstream: its
// configuration, its management API, and the accounts that it uses.
package upstream

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// Checks returns the checks of this family, each after the checks that it needs.
func Checks(s *subject.Subject) []checks.Check {
	ask := subject.Once(func(ctx context.Context) management { return askManagementAPI(ctx, s) })
	return []checks.Check{
		cliproxyConfig(s),
		cliproxyKeys(s),
		cliproxyHeaders(s),
		cliproxyFolder(s),
		cliproxyReachable(s),
		cliproxyManagement(s, ask),
		cliproxyCurrent(s),
		cliproxyVersion(s, ask),
		credentialsUsable(s, ask),
		cooldownStale(s, ask),
	}
}
