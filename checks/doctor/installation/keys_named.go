package installation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// endsSoon is how long before its end a named key is mentioned.
const endsSoon = 72 * time.Hour

func keysNamed(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "keys.named", Title: "The named keys can be read, and clients may use them", Needs: []string{"config.valid"},
		Run: func(ctx context.Context) checks.Outcome {
			store, err := clientkey.Open(s.Config)
			if err != nil {
				return checks.Skipped("%s", err)
			}
			listing, err := store.List(ctx)
			if err != nil {
				return checks.Failed("%s", err).WithFix("", fault.From(err).Hint)
			}
			if lines := describeEndedKeys(listing, time.Now()); len(lines) > 0 {
				return checks.Warned("%s", strings.Join(lines, "; ")).WithFix("mage key:list",
					"make a new key for each client that still needs one, or revoke its key")
			}
			settings, err := s.RouterSettings()
			if err != nil {
				return checks.Skipped("%s", err)
			}
			if lines := describeUnservedModels(listing, subject.KnownGroups(settings)); len(lines) > 0 {
				return checks.Warned("%s", strings.Join(lines, "; ")).WithFix("mage key:list",
					"revoke the key and make one for models that the router has, or add a deployment with the name")
			}
			return checks.Passed(nil)
		},
	}
}

// describeEndedKeys returns a line for each key that is refused without having been revoked, or soon will be.
func describeEndedKeys(l clientkey.Listing, now time.Time) (lines []string) {
	for _, k := range l.Keys {
		switch {
		case k.State == clientkey.Expired:
			lines = append(lines, fmt.Sprintf("the key of %s has expired", k.Alias))
		case k.State == clientkey.Exhausted:
			lines = append(lines, fmt.Sprintf("the budget of %s is spent", k.Alias))
		case k.State == clientkey.Active && k.Expires != nil && k.Expires.Sub(now) < endsSoon:
			lines = append(lines, fmt.Sprintf("the key of %s expires at %s", k.Alias, k.Expires.Format(time.RFC3339)))
		}
	}
	return lines
}

// describeUnservedModels returns a line for each model that a valid key may ask for and the router does not have.
// groups are the names that it has.
func describeUnservedModels(l clientkey.Listing, groups map[string]bool) (lines []string) {
	names := slices.Sorted(maps.Keys(groups))
	for _, k := range l.Keys {
		if k.State != clientkey.Active {
			continue
		}
		for _, model := range k.Models {
			only := clientkey.Limits{Models: []string{model}}
			isServed := slices.ContainsFunc(names, func(name string) bool { return only.AllowsModel(name) })
			if !isServed && !subject.MatchesWildcard(groups, model) {
				lines = append(lines, suggest.HintAfter(
					fmt.Sprintf("the key of %s may ask for %q, which the router does not have", k.Alias, model), model, names))
			}
		}
	}
	return lines
}
