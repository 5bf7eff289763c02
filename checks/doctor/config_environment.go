package doctor

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// reference is a variable that something in the configuration reads.
type reference struct {
	Name string `json:"name"`
	Path string `json:"path"` // dotted path of the key that names it
}

// references is the detail of the checks about environment variables.
type references struct {
	checks.Note
	Unset []reference `json:"unset"`
}

func (s *subject) configEnvironment() checks.Check {
	return checks.Check{
		ID: "config.environment", Title: "Every environment variable referred to is set", Needs: []string{"config.valid"},
		About: "Collects ${NAME} in services.*.env, env: NAME in credentials.upstream and os.environ/NAME in the router's settings, and looks each up in this environment (and in services.litellm.env and the section environment_variables for what the router reads). A missing one stops the start, or makes every request to its deployment a 401.",
		Run: func(context.Context) checks.Outcome {
			var unset []reference
			for _, r := range s.references() {
				if s.o.Getenv(r.Name) == "" {
					unset = append(unset, r)
				}
			}
			return missingVariables(unset, "is not set in this environment", "export it before the start, or correct the reference")
		},
	}
}

func missingVariables(unset []reference, what, fix string) checks.Outcome {
	if len(unset) == 0 {
		return checks.Passed(nil)
	}
	lines := lo.Map(unset, func(r reference, _ int) string { return r.Name + ", which " + r.Path + " reads, " + what })
	return checks.Failed("").WithDetail(references{because("%s", strings.Join(lines, "; ")), unset}).
		WithFix("export "+unset[0].Name+"=…", fix)
}

// references are all variables that the configuration reads, each with the
// first place that does, in the order of those places.
func (s *subject) references() []reference {
	var all []reference
	for _, svc := range s.cfg.Services {
		for _, name := range slices.Sorted(maps.Keys(svc.Env)) {
			for _, ref := range bracketed(svc.Env[name]) {
				all = append(all, reference{ref, "services." + svc.Name + ".env." + name})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.cfg.Credentials)) {
		if env := s.cfg.Credentials[name].Env; env != "" {
			all = append(all, reference{env, "credentials.upstream." + name})
		}
	}
	all = append(all, s.routerReferences()...)
	return lo.UniqBy(all, func(r reference) string { return r.Name })
}

// routerReferences are the os.environ/NAME of the profile in force that neither
// services.litellm.env nor the section environment_variables supplies itself.
func (s *subject) routerReferences() []reference {
	var all []reference
	router, _ := s.cfg.Service("litellm")
	settings, _ := s.settings()
	exported := section(settings, "environment_variables")
	for _, fragment := range []struct {
		path   string
		values map[string]any
	}{{"litellm_base", s.cfg.Base}, {"profiles." + s.profile(), s.cfg.Profiles[s.profile()]}} {
		walk(fragment.values, fragment.path, func(path, value string) {
			name, ok := strings.CutPrefix(value, "os.environ/")
			_, inService := router.Env[name]
			_, inSettings := exported[name]
			if ok && !inService && !inSettings && redact.IsReference(value) {
				all = append(all, reference{name, path})
			}
		})
	}
	return all
}

// bracketed are the names in the ${NAME} of a text.
func bracketed(text string) []string {
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
