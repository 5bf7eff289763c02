package doctor

import (
	"context"
	"path/filepath"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
)

func (s *subject) servicesDotenv() checks.Check {
	return checks.Check{
		ID: "services.dotenv", Title: "No .env slips settings into a service", Needs: []string{"config.valid"},
		About: "Looks for a .env in the working folder of every service that loads one unasked: LiteLLM and CLIProxyAPI both do, and then run with keys and settings that stand nowhere in the configuration. runtime: litellm gets an empty folder of its own; with command, set command.cwd to a folder without one.",
		Run: func(context.Context) checks.Outcome {
			var found []string
			for _, svc := range s.cfg.Services {
				own := svc.Runtime == config.RuntimeEmbedded || svc.Runtime == config.RuntimeEcho
				spec, err := s.command(svc)
				if own || err != nil {
					continue
				}
				if file := filepath.Join(spec.Dir, ".env"); exists(file) {
					found = append(found, file)
				}
			}
			if len(found) == 0 {
				return checks.Passed(nil)
			}
			return checks.Warned("").WithDetail(paths{because("%s is loaded by the service that works there", s.shownAll(found)), found}).
				WithFix("", "move it away, or set services.NAME.command.cwd to an empty folder; put variables into services.NAME.env")
		},
	}
}
