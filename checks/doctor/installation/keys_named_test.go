package installation

import (
	"os"
	"slices"
	"testing"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
)

func TestMain(m *testing.M) { os.Exit(trusttest.Run(m)) }

func TestKeysForModelsThatTheRouterDoesNotHaveAreNamed(t *testing.T) {
	t.Parallel()
	key := func(alias string, state clientkey.State, models ...string) clientkey.Listed {
		return clientkey.Listed{Key: clientkey.Key{Alias: alias, Limits: clientkey.Limits{Models: models}}, State: state}
	}
	listing := clientkey.Listing{Keys: []clientkey.Listed{
		key("all", clientkey.Active),
		key("web", clientkey.Active, "router-default", "router-defalt", "router-*", "openai/gpt-9", "*"),
		key("gone", clientkey.Revoked, "nosuch"),
		key("old", clientkey.Active, "claude-*"),
	}}
	got := describeUnservedModels(listing, map[string]bool{"router-default": true, "openai/*": true})
	want := []string{
		`the key of web may ask for "router-defalt", which the router does not have (did you mean "router-default"?)`,
		`the key of old may ask for "claude-*", which the router does not have`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
