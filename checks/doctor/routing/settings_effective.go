package routing

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// unsetAllowedFails is the value that LiteLLM takes for "not set": its default.
const unsetAllowedFails = 3

func settingsEffective(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "settings.effective", Title: "LiteLLM applies the cooldown that is configured", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			settings, err := s.RouterSettings()
			if err != nil || !s.RouterIsLiteLLM() {
				return checks.Skipped("the router is not LiteLLM")
			}
			for _, name := range [...]string{"router_settings", "litellm_settings"} {
				if subject.Section(settings, name)["allowed_fails"] == unsetAllowedFails {
					return checks.Warned("%s.allowed_fails is 3 in profile %q, which LiteLLM takes for unset", name, s.Profile()).
						WithFix("", "write 2 or 4 in profiles."+s.Profile())
				}
			}
			return checks.Passed(nil)
		},
	}
}
