package settings_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// threeGroups is a file with the groups a, b and c, without its router_settings.
const threeGroups = `model_list:
  - {model_name: a, litellm_params: {model: openai/a, api_base: http://UP/v1, api_key: k}}
  - {model_name: b, litellm_params: {model: openai/b, api_base: http://UP/v1, api_key: k}}
  - {model_name: c, litellm_params: {model: openai/c, api_base: http://UP/v1, api_key: k}}
  - {model_name: "p/*", litellm_params: {model: "openai/*", api_base: http://UP/v1, api_key: k}}
general_settings: {master_key: sk-test}
`

func TestRoutingGroupsAreRead(t *testing.T) {
	t.Parallel()
	s, err := load(t, threeGroups+`router_settings:
  routing_strategy: cost-based-routing
  optional_pre_call_checks: [enforce_model_rate_limits]
  model_group_alias: {other: fast, taken: a}
  fallbacks: [{fast: [ranked]}]
  routing_groups:
    - {group_name: fast, models: [a, b], routing_strategy: latency-based-routing, routing_strategy_args: {ttl: 60}}
    - {group_name: ranked, models: [b, c], routing_strategy: priority, model_priorities: {b: 2, c: 1}}
    - {group_name: taken, models: [c], routing_strategy: least-busy}
`, "127.0.0.1:1", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	fast, ranked := s.RoutingGroups[0], s.RoutingGroups[1]
	if b := fast.Balancing; b.Strategy != settings.LatencyBased || b.SampleTTL.Seconds() != 60 || !b.EnforcesLimits || fast.HasPriorities() {
		t.Errorf("%+v", fast)
	}
	if ranked.Balancing.Strategy != settings.SimpleShuffle || ranked.Priorities["b"] != 2 || ranked.Priorities["c"] != 1 {
		t.Errorf("%+v", ranked)
	}
	if !s.RoutingGroups[2].IsHidden || len(s.Warnings) != 1 || s.Warnings[0].Code != "routing-group-hidden" || s.Warnings[0].Line != 15 {
		t.Errorf("%+v", s.Warnings)
	}
	if got := strings.Join(s.ListedNames(), " "); got != "other taken a b c fast ranked" {
		t.Errorf("listed are %s", got)
	}
	if got := s.MembersOf("ranked"); !slices.Equal(got, []string{"b", "c"}) || s.MembersOf("taken")[0] != "taken" {
		t.Errorf("%v", got)
	}
}

func TestMistakesInRoutingGroupsAreNamed(t *testing.T) {
	t.Parallel()
	for entries, want := range map[string]string{
		"{models: [a], routing_strategy: least-busy}":                                                                                  "9:7 the entry has no group_name",
		"{group_name: default, models: [a], routing_strategy: least-busy}":                                                             `9:8 "default" is LiteLLM's`,
		"{group_name: x, models: [a]}":                                                                                                 "9:7 the entry has no routing_strategy",
		"{group_name: x, models: a, routing_strategy: least-busy}":                                                                     "9:23 expected a list, found text",
		"{group_name: x, models: [a, 1], routing_strategy: least-busy}":                                                                "9:35 expected the name of a model group",
		"{group_name: x, models: [a, b], routing_strategy: priority}":                                                                  `9:23 "a" has no number|9:23 "b" has no number`,
		"{group_name: x, models: [a], routing_strategy: priority, model_priorities: {a: 0}}":                                           "9:83 expected a whole number from 1 on",
		"{group_name: x, models: [a], routing_strategy: priority, model_priorities: {a: 1, z: 1}}":                                     `models of the entry does not have "z"`,
		"{group_name: x, models: [a], routing_strategy: least-busy}\n    - {group_name: y, models: [a], routing_strategy: least-busy}": `10:23 "a" is in the entry "x" too`,
		"{group_name: x, models: [a], routing_strategy: least-busy}\n    - {group_name: x, models: [b], routing_strategy: least-busy}": `10:8 two entries have the name "x"`,
		"{group_name: x, models: [gone, a, p/*], routing_strategy: fastest}":                                                           `9:32 no deployment that can serve has "gone"|9:41 "p/*" is a pattern|9:47 routing strategy "fastest"`,
		"{group_name: x, models: [a], routing_strategy: least-busy, routing_strategy_args: {ttl: 1}, colour: red}":                     "9:90 ttl has no effect|9:99 colour has no effect",
		"{group_name: x, models: [a, b], routing_strategy: cost-based-routing}":                                                        "",
	} {
		s, problems, err := examine(t, threeGroups+"router_settings:\n  routing_groups:\n    - "+entries+"\n")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range problems {
			got = append(got, fmt.Sprintf("%d:%d %s", p.Line, p.Column, p.Message))
		}
		for _, w := range s.Warnings {
			got = append(got, fmt.Sprintf("%d:%d %s", w.Line, w.Column, w.Message))
		}
		wanted := strings.FieldsFunc(want, func(r rune) bool { return r == '|' })
		for _, w := range wanted {
			place, text, ok := strings.Cut(w, " ")
			if !strings.Contains(place, ":") {
				place, text, ok = "", w, true
			}
			if !ok || !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, place) && strings.Contains(g, text) }) {
				t.Errorf("%s: %q, not %q", entries, got, w)
			}
		}
		if len(got) != len(wanted) {
			t.Errorf("%s: %q", entries, got)
		}
	}
}
