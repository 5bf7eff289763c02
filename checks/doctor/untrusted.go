package doctor

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/flowgate-go/flowgate/checks"
)

// active are the checks that execute a program that the configuration or its
// folder names, or that send requests to addresses in it.
var active = [...]string{
	"litellm.python", "services.ready", "cliproxy.reachable", "cliproxy.management", "cliproxy.version",
	"credentials.usable", "stack.models", "models.served", "upstream.reachable", "clock.right", "runtimes.outdated",
}

// withoutTrust replaces the active checks by skipped ones, and takes the mending
// out of all, when the configuration is not trusted.
func (s *subject) withoutTrust(list []checks.Check) []checks.Check {
	if s.o.Untrusted == "" {
		return list
	}
	for i := range list {
		list[i].Mend = nil
		if slices.Contains(active[:], list[i].ID) {
			list[i].Run = func(context.Context) checks.Outcome {
				return checks.Skipped("the configuration is not trusted (%s): review it, then run `mage trust`", s.o.Untrusted)
			}
		}
	}
	return list
}

// refuser sends no request: what is examined is not trusted.
type refuser struct{}

// RoundTrip implements http.RoundTripper.
func (refuser) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("the configuration is not trusted")
}
