package installation

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func configReadable(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "config.readable", Title: "The configuration can be read",
		About: "Opens the configuration file: the one that -config or FLOWGATE_CONFIG names, else config/flowgate.yaml, else flowgate.yaml. It must be a regular UTF-8 file of at most 4 MB that you may read. Without any file the built-in default holds, and everything works on it.",
		Run: func(context.Context) checks.Outcome {
			switch {
			case s.ConfigFile == "":
				return checks.Passed(subject.FileDetail{Note: checks.Notef("there is none here: the built-in default is in force; mage init writes one")})
			case s.Findings.File == "" && s.ConfigError != nil:
				return checks.FromFault(s.ConfigError)
			}
			return checks.Passed(subject.FileDetail{File: s.ConfigFile})
		},
	}
}
