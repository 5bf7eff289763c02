package routing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/preview"
)

// honouredDetail is the detail of settings.honoured.
type honouredDetail struct {
	checks.Note
	Warnings []config.Warning `json:"warnings"`
}

func settingsHonoured(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "settings.honoured", Title: "The embedded router serves every deployment and honours every setting",
		Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			if !preview.IsRouted(s.Config) {
				return checks.Skipped("the router is not the embedded one")
			}
			p, err := preview.Of(s.Config, s.Profile(), s.Getenv)
			if err != nil {
				return checks.Failed("%s", err)
			}
			for _, problem := range p.Problems {
				if !strings.HasPrefix(problem.Code, "credential-") { // config.environment and the keys' own checks say that
					return checks.Failed("%s", problem).WithFix("", "correct the line; the router does not start until then")
				}
			}
			return reportWarnings(s, p.Warnings)
		},
	}
}

// reportedElsewhere are the codes of warnings for which there are checks of their own.
var reportedElsewhere = []string{"environment-variable-unset", "fallback-unknown", "routing-strategy-unknown",
	"setting-moved", "cooldown-setting-misplaced", "credential-readable", "provider-unknown", "deployment-id-duplicate"}

// reportWarnings warns of what the router warns of, except for what other checks report.
func reportWarnings(s *subject.Subject, all []config.Warning) checks.Outcome {
	var kept []config.Warning
	var lines []string
	for _, w := range all {
		if slices.Contains(reportedElsewhere, w.Code) {
			continue
		}
		kept = append(kept, w)
		lines = append(lines, fmt.Sprintf("%s:%d: %s", s.ShortPath(w.File), w.Line, w.Message))
	}
	if len(kept) == 0 {
		return checks.Passed(nil)
	}
	return checks.Warned("").WithDetail(honouredDetail{checks.Notef("%s", strings.Join(lines, "; ")), kept}).
		WithFix("mage config:check", "see what is served and what is lost")
}
