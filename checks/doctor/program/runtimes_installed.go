package program

import (
	"context"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// serviceProgram is what a service would execute.
type serviceProgram struct {
	Service string `json:"service"`
	Runtime string `json:"runtime"`
	Version string `json:"version,omitempty"`
	Path    string `json:"path"`
}

// reportedElsewhere holds the codes of faults of a service's command that other checks
// report.
var reportedElsewhere = [...]string{"active-config-missing", "cliproxy-config-missing", "env-unset", "config-invalid"}

func runtimesInstalled(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "runtimes.installed", Title: "The program of every service is there and executable",
		Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			var found []serviceProgram
			var faults []*fault.Error
			var unknown []string
			for _, svc := range s.Config.Services {
				spec, err := s.Command(svc)
				if f := fault.From(err); f != nil {
					if !slices.Contains(reportedElsewhere[:], f.Code) {
						faults = append(faults, f)
					} else {
						unknown = append(unknown, f.Message)
					}
					continue
				}
				found = append(found, serviceProgram{svc.Name, spec.Runtime, spec.Version, spec.Args[0]})
			}
			switch {
			case len(faults) == 0 && len(unknown) > 0: // other checks complain about it
				return checks.Skipped("not known: %s", strings.Join(unknown, "; "))
			case len(faults) == 0:
				return checks.Passed(found)
			}
			lines := lo.Map(faults, func(f *fault.Error, _ int) string { return f.Message })
			return checks.Failed("%s", strings.Join(lines, "; ")).WithFix("", faults[0].Hint)
		},
	}
}
