package profile

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/program"
)

func profileActive(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "profile.active", Title: "The router's configuration was generated",
		Needs: []string{"config.valid"}, After: []string{"folder.present", "folder.private", "profile.state"},
		Run: func(context.Context) checks.Outcome {
			if s.Config.Version == 3 {
				return checks.Skipped("version 3 has no router to configure")
			}
			active, err := s.ActiveConfig()
			switch f := fault.From(err); {
			case f == nil && active.MasterKey(s.Getenv) == "":
				return checks.Failed("%s has no master_key", s.ShortPath(s.Config.Paths.ActiveConfig)).
					WithFix("mage profile:set "+s.Profile(), "generate it again")
			case f == nil:
				return checks.Passed(subject.FileDetail{File: s.Config.Paths.ActiveConfig})
			case f.Code == "active-missing" && s.ConfigFile == "" && !s.WasStarted():
				return checks.Skipped("nothing was started here yet")
			case f.Code == "active-missing":
				return checks.Warned("%s is not there yet", s.ShortPath(s.Config.Paths.ActiveConfig)).
					WithFix("mage profile:set "+s.Profile(), program.Text("generate it; mage start does it too"))
			}
			return checks.FromFault(err).WithFix("mage profile:set "+s.Profile(), "generate it again")
		},
		Mend: func(context.Context) ([]string, error) {
			if !s.OwnsPath(s.Config.Paths.ActiveConfig) || !s.OwnsPath(s.Config.Paths.StateFile) {
				return nil, nil
			}
			a, err := policy.Prepare(s.Config, s.Profile(), s.Getenv)
			if err != nil {
				return nil, err
			}
			if _, err := policy.Write(s.Config, a, s.Now()); err != nil {
				return nil, err
			}
			return []string{"generated " + s.ShortPath(s.Config.Paths.ActiveConfig) + " for profile " + a.Profile}, nil
		},
	}
}
