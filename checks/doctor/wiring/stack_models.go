package wiring

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// modelsDetail is the detail of the checks about models.
type modelsDetail struct {
	checks.Note
	Missing []string `json:"missing"`
	Offered int      `json:"offered"` // models in the list that was compared
	Source  string   `json:"source"`  // where that list is from
}

func stackModels(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "stack.models", Title: "The upstream offers every model that the router asks for",
		Needs: []string{"config.valid", "ports.available"}, Timeout: subject.Patience, Active: true,
		Run: func(ctx context.Context) checks.Outcome {
			up, isCLIProxy := s.CLIProxyService()
			wanted := lo.Filter(s.Deployments(), func(d subject.Deployment, _ int) bool {
				return d.LeadsTo(up) && !strings.Contains(d.Model, "*") // a wildcard asks for the same model as the client
			})
			switch {
			case !isCLIProxy:
				return subject.SkippedForEcho()
			case len(wanted) == 0:
				return checks.Skipped("no deployment leads to %s", up.Name)
			}
			offered, source, why := offeredModels(ctx, s, up)
			if why != "" {
				return checks.Skipped("%s", why)
			}
			return compareModels(up.Name, wanted, offered, source)
		},
	}
}

// compareModels returns whether the upstream offers the models of the deployments. source
// says where the list of offered models is from.
func compareModels(upstream string, wanted []subject.Deployment, offered map[string]bool,
	source string) checks.Outcome {
	found := modelsDetail{Missing: []string{}, Offered: len(offered), Source: source}
	if len(offered) == 0 {
		found.Text = upstream + " offers no model at all: no account is signed in"
		return checks.Failed("").
			WithDetail(found).
			WithFix("mage auth:login codex", program.Text("sign in, or mage auth:import what another tool has"))
	}
	for _, d := range wanted {
		if name := d.UpstreamModel(); !offered[name] && !offered[stripEffort(name)] {
			found.Missing = append(found.Missing, name)
		}
	}
	if len(found.Missing) == 0 {
		return checks.Passed(found)
	}
	found.Missing = lo.Uniq(found.Missing)
	found.Text = suggest.HintAfter("not offered by "+upstream+": "+strings.Join(found.Missing, ", "),
		found.Missing[0], slices.Sorted(maps.Keys(offered)))
	return checks.Failed("").
		WithDetail(found).
		WithFix("mage auth:status", "sign in to the provider that has the model, or name one that is offered")
}

// offeredModels returns the models of the upstream and where their list comes from, or
// why they are not known.
func offeredModels(
	ctx context.Context,
	s *subject.Subject,
	up config.Service,
) (names map[string]bool, source, why string) {
	if _, live := s.RunningService(up.Name); live {
		if _, healthy := s.AskCLIProxy(); !healthy {
			return nil, "", "cliproxy.reachable did not pass"
		}
		names, why = listModels(ctx, s, up.URL(), upstreamKey(s))
		return names, up.URL() + "/v1/models", why
	}
	own, err := s.CLIProxyFile()
	accounts, accountsErr := s.Accounts()
	if err != nil || accountsErr != nil || len(accounts) > 0 || !own.NamesModels() {
		return nil, "", "the stack is down, and the models of signed-in accounts are known only to the server that runs"
	}
	return own.Models(), s.Config.CLIProxyConfigFile, ""
}

// stripEffort returns the name of a model without the effort that CLIProxyAPI takes
// behind it in parentheses, as in "gpt-5(high)". Its list has names without effort only.
func stripEffort(model string) string {
	if name, _, ok := strings.Cut(model, "("); ok && strings.HasSuffix(model, ")") {
		return name
	}
	return model
}

// upstreamKey returns a key that CLIProxyAPI accepts; "" when none is known.
func upstreamKey(s *subject.Subject) string {
	own, err := s.CLIProxyFile()
	if err != nil || len(own.APIKeys) == 0 {
		return ""
	}
	return own.APIKeys[0]
}

// listModels returns the names of the models that base lists, or why there is no list.
func listModels(ctx context.Context, s *subject.Subject, base, key string) (map[string]bool, string) {
	a, err := s.Get(ctx, base+"/v1/models", "Authorization", "Bearer "+key)
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	switch {
	case err != nil:
		return nil, base + "/v1/models did not answer: " + err.Error()
	case a.Status != http.StatusOK:
		return nil, base + "/v1/models answered " + http.StatusText(a.Status)
	case json.Unmarshal([]byte(a.Body), &list) != nil:
		return nil, base + "/v1/models did not answer with a list"
	}
	names := map[string]bool{}
	for _, m := range list.Data {
		names[m.ID] = true
	}
	return names, ""
}
