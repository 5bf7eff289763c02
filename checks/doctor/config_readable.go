package doctor

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
)

// file is the detail of a check about the configuration file.
type file struct {
	File    string `json:"file"`
	Version int    `json:"version,omitempty"`
	checks.Note
}

func (s *subject) configReadable() checks.Check {
	return checks.Check{
		ID: "config.readable", Title: "The configuration can be read",
		About: "Opens the configuration file: the one that -config or FLOWGATE_CONFIG names, else config/flowgate.yaml, else flowgate.yaml. It must be a regular UTF-8 file of at most 4 MB that you may read. Without any file the built-in default holds, and everything works on it.",
		Run: func(context.Context) checks.Outcome {
			switch {
			case s.o.File == "":
				return checks.Passed(file{Note: because("there is none here: the built-in default is in force; mage init writes one")})
			case s.findings.File == "" && s.err != nil:
				return checks.FromFault(s.err)
			}
			return checks.Passed(file{File: s.o.File})
		},
	}
}
