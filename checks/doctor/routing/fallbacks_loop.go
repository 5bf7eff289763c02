package routing

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func fallbacksLoop(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "fallbacks.loop", Title: "Fallbacks form no loop", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			settings, err := s.RouterSettings()
			if err != nil {
				return checks.Skipped("there is no router")
			}
			next := map[string][]string{}
			for _, f := range listFallbacks(settings) {
				if strings.HasSuffix(f.path, ".fallbacks") {
					next[f.from] = append(next[f.from], f.to...)
				}
			}
			if trail := findLoop(next); trail != nil {
				return checks.Warned("fallbacks form a loop: %s", strings.Join(trail, " → ")).WithFix("", "take one of them out")
			}
			return checks.Passed(nil)
		},
	}
}

// findLoop returns the first path through next that returns to its beginning; nil when
// there is none.
func findLoop(next map[string][]string) []string {
	done := map[string]bool{}
	var visit func(at string, trail []string) []string
	visit = func(at string, trail []string) []string {
		if i := slices.Index(trail, at); i >= 0 {
			return append(slices.Clone(trail[i:]), at)
		}
		if done[at] {
			return nil
		}
		for _, to := range next[at] {
			if found := visit(to, append(trail, at)); found != nil {
				return found
			}
		}
		done[at] = true
		return nil
	}
	for _, from := range slices.Sorted(maps.Keys(next)) {
		if found := visit(from, nil); found != nil {
			return found
		}
	}
	return nil
}
