package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
)

func (s *subject) litellmInclude() checks.Check {
	return checks.Check{
		ID: "litellm.include", Title: "No included file overrides the configuration", Needs: []string{"config.valid"},
		About: "Looks for include in litellm_base and the profile in force. LiteLLM lets the included file win over the one that includes it, master_key included (measured on 1.106.2), so what the configuration says may not be what holds; the embedded router refuses it.",
		Run: func(context.Context) checks.Outcome {
			settings, err := s.settings()
			if err != nil {
				return checks.Skipped("%v", err)
			}
			if files, ok := settings["include"]; ok {
				return checks.Warned("the router's settings include %s, and what stands there overrides them", included(files)).
					WithFix("", "move what it holds into litellm_base")
			}
			return checks.Passed(nil)
		},
	}
}

// included are the names of the files, addresses without what may hold a key.
func included(files any) string {
	list, ok := files.([]any)
	if !ok {
		list = []any{files}
	}
	names := make([]string, 0, len(list))
	for _, file := range list {
		name := fmt.Sprint(file)
		if strings.Contains(name, "://") {
			name = plain(name)
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
