package routing

import (
	"context"
	_ "embed" // for the list
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// providerList holds the providers of LiteLLM 1.106.2 (LlmProviders in
// litellm/types/utils.py) and the old and short names that its documentation uses.
//
//go:embed providers.txt
var providerList string

// knownProviders returns the names in providerList.
func knownProviders() []string { return strings.Fields(providerList) }

func providersKnown(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "providers.known", Title: "Every deployment names a provider that LiteLLM has", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			if _, err := s.RouterSettings(); err != nil {
				return checks.Skipped("there is no router")
			}
			var odd []string
			known := knownProviders()
			for _, d := range s.Deployments() {
				p := d.Provider()
				if p == "" || slices.Contains(known, p) || d.Params["custom_llm_provider"] != nil ||
					!s.RouterIsLiteLLM() && d.Base != "" {
					continue
				}
				odd = append(odd, suggest.HintAfter(d.String()+" has provider "+p, p, known))
			}
			if len(odd) == 0 {
				return checks.Passed(nil)
			}
			return checks.Warned("%s", strings.Join(odd, "; ")).
				WithFix("", "write openai/NAME for an OpenAI-compatible endpoint, anthropic/NAME for an Anthropic one")
		},
	}
}
