package installation

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func configEnvironment(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "config.environment", Title: "Every environment variable referred to is set", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			var unset []subject.Reference
			for _, r := range environmentReferences(s) {
				if s.Getenv(r.Name) == "" {
					unset = append(unset, r)
				}
			}
			return subject.ReportUnset(
				unset,
				"is not set in this environment",
				"export it before the start, or correct the reference",
			)
		},
	}
}

// environmentReferences returns all variables that the configuration reads, each with the
// first place that reads it, in the order of these places.
func environmentReferences(s *subject.Subject) []subject.Reference {
	var all []subject.Reference
	for _, svc := range s.Config.Services {
		for _, name := range slices.Sorted(maps.Keys(svc.Env)) {
			for _, ref := range referencedNames(svc.Env[name]) {
				all = append(all, subject.Reference{Name: ref, Path: "services." + svc.Name + ".env." + name})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Config.Credentials)) {
		if env := s.Config.Credentials[name].Env; env != "" {
			all = append(all, subject.Reference{Name: env, Path: "credentials.upstream." + name})
		}
	}
	all = append(all, s.RouterReferences()...)
	return lo.UniqBy(all, func(r subject.Reference) string { return r.Name })
}

// referencedNames returns the names in the ${NAME} of a text.
func referencedNames(text string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(text, "${")
		name, tail, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return names
		}
		names, text = append(names, name), tail
	}
}
