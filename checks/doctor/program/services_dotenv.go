package program

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
)

func servicesDotenv(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "services.dotenv", Title: "No service loads settings from a .env file", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			var found, unknown []string
			for _, svc := range s.Config.Services {
				if svc.Runtime == config.RuntimeEmbedded || svc.Runtime == config.RuntimeEcho {
					continue
				}
				spec, err := s.Command(svc)
				if err != nil {
					unknown = append(unknown, svc.Name)
					continue
				}
				found = append(found, dotenvFiles(svc, spec)...)
			}
			switch {
			case len(found) == 0 && len(unknown) > 0:
				return checks.Skipped("what %s executes is not known", strings.Join(unknown, ", "))
			case len(found) == 0:
				return checks.Passed(nil)
			}
			return checks.Warned("").
				WithDetail(subject.PathsDetail{Note: checks.Notef("%s is loaded by a service", s.ShortPaths(found)), Paths: found}).
				WithFix("", "move it away, set services.litellm.env.LITELLM_MODE to PRODUCTION, or set "+
					"services.NAME.command.cwd to an empty folder; "+
					"put variables into services.NAME.env")
		},
	}
}

// dotenvFiles returns the .env files that the service would load: the one in
// its working folder, and for LiteLLM the first one in the folders above its
// program. python-dotenv looks upwards from the package that asks for it, and
// the package lies below the virtual environment that the program belongs to.
func dotenvFiles(svc config.Service, spec runtimestore.Spec) []string {
	if svc.Name == config.LiteLLM && !loadsDotenv(spec.Env) {
		return nil
	}
	var found []string
	if file := filepath.Join(spec.Dir, ".env"); subject.Exists(file) {
		found = append(found, file)
	}
	program, err := filepath.EvalSymlinks(spec.Args[0])
	if svc.Name != config.LiteLLM || err != nil {
		return found
	}
	for dir := filepath.Dir(program); ; dir = filepath.Dir(dir) {
		if file := filepath.Join(dir, ".env"); subject.Exists(file) {
			return append(found, file)
		}
		if dir == filepath.Dir(dir) {
			return found
		}
	}
}

// loadsDotenv reports whether LiteLLM loads a .env with this environment: it
// does unless LITELLM_MODE has another value than DEV (litellm 1.106.2, __init__.py).
func loadsDotenv(environ []string) bool {
	return !slices.ContainsFunc(environ, func(entry string) bool {
		mode, ok := strings.CutPrefix(entry, "LITELLM_MODE=")
		return ok && mode != "DEV"
	})
}
