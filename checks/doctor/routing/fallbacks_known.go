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
			known := knownGroups(settings)
			var unknown []string
			for _, f := range listFallbacks(settings) {
				for _, name := range append([]string{f.from}, f.to...) {
					if name != "*" && !known[name] && !matchesWildcard(known, name) {
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

// knownGroups returns the names by which LiteLLM finds deployments: groups, aliases of
// groups, routing groups and deployments' own ids.
func knownGroups(settings map[string]any) map[string]bool {
	names := subject.Groups(subject.DeploymentsIn(settings))
	router := subject.Section(settings, "router_settings")
	for alias := range subject.Section(router, "model_group_alias") {
		names[alias] = true
	}
	routingGroups, _ := router["routing_groups"].([]any)
	for _, item := range routingGroups {
		group, _ := item.(map[string]any)
		if name, ok := group["group_name"].(string); ok {
			names[name] = true
		}
	}
	list, _ := settings["model_list"].([]any)
	for _, item := range list {
		entry, _ := item.(map[string]any)
		if id, ok := subject.Section(entry, "model_info")["id"].(string); ok {
			names[id] = true
		}
	}
	return names
}

// matchesWildcard reports whether a wildcard among the groups, "openai/*", covers name.
func matchesWildcard(groups map[string]bool, name string) bool {
	for group := range groups {
		before, after, ok := strings.Cut(group, "*")
		if ok && strings.HasPrefix(name, before) && strings.HasSuffix(name, after) {
			return true
		}
	}
	return false
}
