package doctor

import (
	"context"
	"slices"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// activeChecks are the checks that execute a program that the configuration or its
// folder names, or that send requests to addresses in it.
var activeChecks = [...]string{
	"litellm.python", "services.ready", "cliproxy.reachable", "cliproxy.management", "cliproxy.version",
	"credentials.usable", "stack.models", "models.served", "upstream.reachable", "clock.right", "runtimes.outdated",
}

// withoutTrust replaces the active checks by skipped ones, and takes the mending
// out of all, when the configuration is not trusted.
func skipUntrusted(s *subject.Subject, list []checks.Check) []checks.Check {
	if s.Untrusted == "" {
		return list
	}
	for i := range list {
		list[i].Mend = nil
		if slices.Contains(activeChecks[:], list[i].ID) {
			list[i].Run = func(context.Context) checks.Outcome {
				return checks.Skipped("the configuration is not trusted (%s): review it, then run `mage trust`", s.Untrusted)
			}
		}
	}
	return list
}
