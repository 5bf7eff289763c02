package routing

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func deploymentsDistinct(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "deployments.distinct", Title: "model_list has no deployment twice", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			settings, err := s.RouterSettings()
			if err != nil {
				return checks.Skipped("there is no router")
			}
			first, ids := map[string]string{}, map[any]string{}
			var duplicates, unknown []string
			list, _ := settings["model_list"].([]any)
			for i, d := range subject.DeploymentsIn(settings) {
				text, err := json.Marshal([]any{d.Group, d.Params})
				if err != nil { // .inf or .nan cannot be compared
					unknown = append(unknown, d.String())
					continue
				}
				if other, isKnown := first[string(text)]; isKnown {
					duplicates = append(duplicates, d.String()+" is the same as "+other)
				}
				first[string(text)] = d.Path
				entry, _ := list[i].(map[string]any)
				id := subject.Section(entry, "model_info")["id"]
				if other, isKnown := ids[id]; isKnown && id != nil {
					duplicates = append(duplicates, d.String()+" has the id of "+other)
				}
				ids[id] = d.Path
			}
			switch {
			case len(duplicates) == 0 && len(unknown) > 0:
				return checks.Skipped("%s cannot be compared: it holds a number that is none", strings.Join(unknown, ", "))
			case len(duplicates) == 0:
				return checks.Passed(nil)
			}
			return checks.Warned("%s", strings.Join(duplicates, "; ")).WithFix("", "take one out, or change it")
		},
	}
}
