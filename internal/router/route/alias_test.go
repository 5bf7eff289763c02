package route_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// aliases are other names of groups, of both kinds.
const aliases = `router_settings:
  num_retries: 0
  model_group_alias: {sonnet: m, old: {model: spare, hidden: true}, matched: local-1, gone: nothing}
litellm_settings: {model_alias_map: {small: old, direct: spare}}
`

func TestAnAliasLeadsToItsGroup(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups(aliases, "m: ok-m", "spare: ok-spare", "local-*: ok-local"), router.Options{})
	for name, upstream := range map[string][]string{
		"old": {"ok-spare"}, "direct": {"ok-spare"}, "small": {"ok-spare"}, "matched": {"ok-local"}, "sonnet": {"ok-m"},
	} {
		before := len(s.Models())
		got := s.Chat(name)
		if asked := s.Models()[before:]; !slices.Equal(asked, upstream) {
			t.Errorf("%s asked %v, not %v", name, asked, upstream)
		}
		if got.Status != 200 || !strings.Contains(got.Body, `"model":"`+name+`"`) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := s.Chat("gone"); got.Status != 400 {
		t.Errorf("an alias of nothing: %d", got.Status)
	}
	if !strings.Contains(s.Log.String(), `the alias names \"nothing\"`) {
		t.Error("nothing is said of an alias of nothing")
	}
	list := s.Send("GET", "/v1/models", "", nil).Body
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
	s := routertest.Start(t, routertest.Groups(settings, "m: fail-500", "b: ok-b"), router.Options{})
	if got := s.Chat("sonnet"); got.Status != 200 || !slices.Equal(s.Models(), []string{"fail-500", "ok-b"}) {
		t.Errorf("%d %v", got.Status, s.Models())
	}
	if got := s.Chat("m"); got.Status != 500 {
		t.Errorf("the group itself has none: %d", got.Status)
	}
}
