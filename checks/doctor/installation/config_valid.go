package installation

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
)

// problemsDetail is the detail of config.valid when the configuration has problems.
type problemsDetail struct {
	checks.Note
	Problems []yamlnode.Problem `json:"problems"`
}

// newProblemsDetail returns the detail for problems, of which there is at least one.
func newProblemsDetail(problems []yamlnode.Problem) problemsDetail {
	note := checks.Notef("%s", problems[0])
	if n := len(problems); n > 1 {
		note = checks.Notef("%s (and %d more)", problems[0], n-1)
	}
	return problemsDetail{note, problems}
}

func configValid(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "config.valid", Title: "The configuration is valid", Needs: []string{"config.readable"},
		Run: func(context.Context) checks.Outcome {
			if s.Config != nil && len(s.Findings.Problems) > 0 {
				return checks.Warned("").WithDetail(newProblemsDetail(s.Findings.Problems)).
					WithFix("mage config:validate", "correct the lines named")
			}
			if s.Config != nil {
				return checks.Passed(subject.FileDetail{File: s.ConfigFile, Version: s.Config.Version})
			}
			o := checks.FromFault(s.ConfigError)
			if len(s.Findings.Problems) > 0 {
				o.Detail = newProblemsDetail(s.Findings.Problems)
				o = o.WithFix("mage config:validate", "correct the lines named")
			}
			return o
		},
	}
}
