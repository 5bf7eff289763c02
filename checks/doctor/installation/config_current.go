package installation

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/program"
)

// warningsDetail is the detail of a check that warns of settings.
type warningsDetail struct {
	checks.Note
	Warnings []config.Warning `json:"warnings"`
}

// migratable are the codes of warnings that config:migrate takes care of.
var migratable = [...]string{"config-version-old", "key-renamed"}

func configCurrent(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "config.current", Title: "The configuration is written in the current version", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			return reportWarnings(
				configWarnings(s, true),
				program.Fix("mage config:migrate"),
				"rewrite the file in version 2; -dry-run shows how",
			)
		},
	}
}
