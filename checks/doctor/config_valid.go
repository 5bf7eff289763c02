package doctor

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
)

// mistakes is the detail of config.valid when there are some.
type mistakes struct {
	checks.Note
	Problems []config.Problem `json:"problems"`
}

func (s *subject) configValid() checks.Check {
	return checks.Check{
		ID: "config.valid", Title: "The configuration has no mistakes", Needs: []string{"config.readable"},
		About: "Reads the whole file strictly: unknown and missing keys, wrong types, references to credentials that do not exist, two services on one address, a cycle in depends_on. Each mistake has a file, line and column; nothing starts from a file that has one, so every check that needs the configuration is skipped until it is mended. A mistake in auth.providers is a warning: it concerns one sign-in.",
		Run: func(context.Context) checks.Outcome {
			if s.cfg != nil && len(s.findings.Problems) > 0 {
				first := s.findings.Problems[0]
				return checks.Warned("").WithDetail(mistakes{because("%s (%d in all)", first, len(s.findings.Problems)), s.findings.Problems}).
					WithFix("mage config:validate", "correct the lines named")
			}
			if s.cfg != nil {
				return checks.Passed(file{File: s.o.File, Version: s.cfg.Version})
			}
			o := checks.FromFault(s.err)
			if n := len(s.findings.Problems); n > 0 {
				first := s.findings.Problems[0]
				o.Detail = mistakes{because("%s (%d in all)", first, n), s.findings.Problems}
				o = o.WithFix("mage config:validate", "correct the lines named")
			}
			return o
		},
	}
}
