package program

import (
	"context"
	"fmt"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func litellmInclude(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "litellm.include", Title: "No included file overrides the configuration", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			settings, err := s.RouterSettings()
			if err != nil {
				return checks.Skipped("%v", err)
			}
			if files, ok := settings["include"]; ok {
				return checks.Warned("the router's settings include %s, which overrides them",
					describeIncludes(files)).
					WithFix("", "move what it holds into litellm_base")
			}
			return checks.Passed(nil)
		},
	}
}

// describeIncludes returns the names of the included files, addresses without the parts
// that may hold a key.
func describeIncludes(files any) string {
	list, ok := files.([]any)
	if !ok {
		list = []any{files}
	}
	names := make([]string, 0, len(list))
	for _, file := range list {
		name := fmt.Sprint(file)
		if strings.Contains(name, "://") {
			name = subject.StripSecrets(name)
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
