package security

import (
	"context"
	"slices"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

func (s *audit) secretsReferenced() checks.Check {
	return checks.Check{
		ID: "secrets.referenced", Title: "The configuration says where secrets are and holds none",
		Run: func(context.Context) checks.Outcome {
			if s.cfg == nil {
				return s.skippedWithoutConfig()
			}
			var inline []string
			note := func(path string) { inline = append(inline, path) }
			redact.FindWritten(s.cfg.Base, "litellm_base", note)
			for name, overlay := range s.cfg.Profiles {
				redact.FindWritten(overlay, "profiles."+name, note)
			}
			for name, provider := range s.cfg.Providers {
				redact.FindWritten(provider, "auth.providers."+name, note)
			}
			for _, svc := range s.cfg.Services {
				for name, value := range svc.Env {
					redact.FindWritten(map[string]any{name: value}, "services."+svc.Name+".env", note)
				}
			}
			slices.Sort(inline)
			if len(inline) > 0 {
				return checks.Failed("a secret is written out in %s", joinNames(inline)).
					WithFix("mage config:extract-keys", "move those of litellm_base and of profiles into files of their own; "+
						"write os.environ/NAME or ${NAME} elsewhere")
			}
			return checks.Passed(nil)
		},
	}
}
