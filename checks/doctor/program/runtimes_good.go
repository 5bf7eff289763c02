package program

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
)

// knownBadVersions is the detail of runtimes.good.
type knownBadVersions struct {
	checks.Note
	Versions []runtimestore.BadVersion `json:"versions"`
}

func runtimesGood(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "runtimes.good", Title: "No program has a version that is known to be bad", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			found := knownBadVersions{}
			var lines, unknown []string
			for _, svc := range s.Config.Services {
				name, version := installedRelease(s, svc)
				if name == config.RuntimeLiteLLM && version == "" {
					unknown = append(unknown, svc.Name)
				}
				if b, isBad := runtimestore.FindBadVersion(name, version); isBad {
					found.Versions = append(found.Versions, b)
					lines = append(lines, svc.Name+" is "+name+" "+version+": "+b.Why)
				}
			}
			switch {
			case len(lines) == 0 && len(unknown) > 0:
				return checks.Skipped("the version of %s is not known", strings.Join(unknown, ", "))
			case len(lines) == 0:
				return checks.Passed(nil)
			}
			found.Text = strings.Join(lines, "; ")
			return checks.Failed("").
				WithDetail(found).
				WithFix("mage stop", "stop it, replace every key on this machine, install another version")
		},
	}
}

// installedRelease returns the program that a service runs, and its version if that is
// known without running it.
func installedRelease(s *subject.Subject, svc config.Service) (name, version string) {
	spec, err := s.Command(svc)
	if err != nil {
		return "", ""
	}
	if filepath.Base(spec.Args[0]) == "litellm" {
		return config.RuntimeLiteLLM, lo.CoalesceOrEmpty(spec.Version, runtimestore.LiteLLMVersion(spec.Args[0]))
	}
	return spec.Runtime, spec.Version
}
