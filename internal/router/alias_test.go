package router_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
)

// aliases are other names of groups, of both kinds.
const aliases = `router_settings:
  num_retries: 0
  model_group_alias: {sonnet: m, old: {model: spare, hidden: true}, matched: local-1, gone: nothing}
litellm_settings: {model_alias_map: {small: old, direct: spare}}
`

func TestAnAliasLeadsToItsGroup(t *testing.T) {
	t.Parallel()
	s := start(t, groups(aliases, "m: ok-m", "spare: ok-spare", "local-*: ok-local"), router.Options{})
	for name, upstream := range map[string][]string{
		"old": {"ok-spare"}, "direct": {"ok-spare"}, "small": {"ok-spare"}, "matched": {"ok-local"}, "sonnet": {"ok-m"},
	} {
		before := len(s.models())
		got := s.chat(name)
		if asked := s.models()[before:]; !slices.Equal(asked, upstream) {
			t.Errorf("%s asked %v, not %v", name, asked, upstream)
		}
		if got.status != 200 || !strings.Contains(got.body, `"model":"`+name+`"`) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := s.chat("gone"); got.status != 400 {
		t.Errorf("an alias of nothing: %d", got.status)
	}
	if !strings.Contains(s.log.String(), `the alias names \"nothing\"`) {
		t.Error("nothing is said of an alias of nothing")
	}
	list := s.send("GET", "/v1/models", "", nil).body
	for name, isListed := range map[string]bool{
		"sonnet": true, "matched": true, "m": true, "spare": true, "old": false, "small": false, "gone": false,
	} {
		if strings.Contains(list, `"id":"`+name+`"`) != isListed {
			t.Errorf("%s in the list of models: %v", name, !isListed)
		}
	}
}

func TestAFallbackOfAnAliasCounts(t *testing.T) {
	t.Parallel()
	settings := "router_settings: {num_retries: 0, model_group_alias: {sonnet: m}, fallbacks: [{sonnet: [b]}]}\n"
	s := start(t, groups(settings, "m: fail-500", "b: ok-b"), router.Options{})
	if got := s.chat("sonnet"); got.status != 200 || !slices.Equal(s.models(), []string{"fail-500", "ok-b"}) {
		t.Errorf("%d %v", got.status, s.models())
	}
	if got := s.chat("m"); got.status != 500 {
		t.Errorf("the group itself has none: %d", got.status)
	}
}
