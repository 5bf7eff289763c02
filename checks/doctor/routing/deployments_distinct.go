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
		ID: "deployments.distinct", Title: "No deployment stands in model_list twice", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			settings, err := s.RouterSettings()
			if err != nil {
				return checks.Skipped("there is no router")
			}
			first, ids := map[string]string{}, map[any]string{}
			var twins []string
			list, _ := settings["model_list"].([]any)
			for i, d := range subject.DeploymentsIn(settings) {
				text, err := json.Marshal([]any{d.Group, d.Params})
				if err != nil { // .inf or .nan: no twin of anything
					continue
				}
				if other, there := first[string(text)]; there {
					twins = append(twins, d.String()+" is the same as "+other)
				}
				first[string(text)] = d.Path
				entry, _ := list[i].(map[string]any)
				id := subject.Section(entry, "model_info")["id"]
				if other, there := ids[id]; there && id != nil {
					twins = append(twins, d.String()+" has the id of "+other)
				}
				ids[id] = d.Path
			}
			if len(twins) == 0 {
				return checks.Passed(nil)
			}
			return checks.Warned("%s", strings.Join(twins, "; ")).WithFix("", "take one out, or let it differ")
		},
	}
}
