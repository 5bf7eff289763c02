package routing

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

func fallbacksKnown(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "fallbacks.known", Title: "Fallbacks name groups that exist", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			settings, err := s.RouterSettings()
			if err != nil {
				return checks.Skipped("there is no router")
			}
			known := subject.KnownGroups(settings)
			var unknown []string
			for _, f := range listFallbacks(settings) {
				for _, name := range append([]string{f.from}, f.to...) {
					if name != "*" && !known[name] && !subject.MatchesWildcard(known, name) {
						text := fmt.Sprintf("%s names %q, which no deployment has", f.path, name)
						unknown = append(unknown, suggest.HintAfter(text, name, slices.Sorted(maps.Keys(known))))
					}
				}
			}
			if len(unknown) == 0 {
				return checks.Passed(nil)
			}
			return checks.Failed("%s", strings.Join(lo.Uniq(unknown), "; ")).
				WithFix("", "correct the name, or add a deployment with it")
		},
	}
}
