package doctor

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// skipUntrusted makes the active checks skip and keeps all checks from mending when the
// configuration is not trusted.
func skipUntrusted(s *subject.Subject, list []checks.Check) []checks.Check {
	if s.Untrusted == "" {
		return list
	}
	for i := range list {
		list[i].Mend = nil
		if list[i].Active {
			list[i].Run = func(context.Context) checks.Outcome {
				return checks.Skipped("the configuration is not trusted (%s): review it, then run `mage trust`", s.Untrusted)
			}
		}
	}
	return list
}
