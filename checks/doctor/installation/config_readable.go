package installation

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func configReadable(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "config.readable", Title: "The configuration can be read",
		Run: func(context.Context) checks.Outcome {
			switch {
			case s.ConfigFile == "":
				return checks.Passed(
					subject.FileDetail{
						Note: checks.Notef("there is none here: the built-in default is in force; mage init writes one"),
					},
				)
			case s.Findings.File == "" && s.ConfigError != nil:
				return checks.FromFault(s.ConfigError)
			}
			return checks.Passed(subject.FileDetail{File: s.ConfigFile})
		},
	}
}
