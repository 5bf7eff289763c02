package profile

import (
	"bytes"
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

func profileCurrent(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "profile.current", Title: "The router's configuration is up to date",
		Needs: []string{"config.valid", "profile.active", "keys.present"},
		Run: func(context.Context) checks.Outcome {
			if !subject.Exists(s.Config.Paths.ActiveConfig) { // profile.active reports it; start makes the keys that are missing
				return checks.Skipped("it was not generated yet")
			}
			plan, err := s.PlannedConfig()
			switch f := fault.From(err); {
			case f == nil:
			case f.Code == "profile-unknown": // profile.state reports it
				return checks.Skipped("%s", f.Message)
			default:
				return checks.FromFault(err)
			}
			want, err := plan.YAML()
			if err != nil {
				return checks.Failed("%v", err)
			}
			have, err := safefile.Read(s.Config.Paths.ActiveConfig, safefile.DocumentLimit)
			if err != nil {
				return checks.FromFault(
					fault.New("active-invalid", "%s: %w", s.ShortPath(s.Config.Paths.ActiveConfig), subject.WithoutPath(err)),
				)
			}
			if bytes.Equal(want, have) {
				return checks.Passed(nil)
			}
			return checks.Warned("%s is not what the configuration makes of profile %q now",
				s.ShortPath(s.Config.Paths.ActiveConfig), s.Profile()).
				WithFix("mage profile:set "+s.Profile(), "put the configuration in force; a running router is restarted")
		},
	}
}
