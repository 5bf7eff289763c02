package doctor

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
)

func (s *subject) profileActive() checks.Check {
	return checks.Check{
		ID: "profile.active", Title: "The router's configuration was generated", Needs: []string{"config.valid"}, After: []string{"folder.present", "folder.private", "profile.state"},
		About: "Reads the generated router configuration (litellm.active.yaml). `mage start` and `mage profile:set` write it, and -fix does when it is missing or damaged. It is FlowGate's own file: what somebody edits in it is lost with the next profile.",
		Run: func(context.Context) checks.Outcome {
			if s.cfg.Version == 3 {
				return checks.Skipped("version 3 has no router to configure")
			}
			active, err := s.active()
			switch f := fault.From(err); {
			case f == nil && active.MasterKey(s.o.Getenv) == "":
				return checks.Failed("%s has no master_key", s.shown(s.cfg.Paths.ActiveConfig)).WithFix("mage profile:set "+s.profile(), "generate it anew")
			case f == nil:
				return checks.Passed(file{File: s.cfg.Paths.ActiveConfig})
			case f.Code == "active-missing" && s.o.File == "" && !s.started():
				return checks.Skipped("nothing was started here yet")
			case f.Code == "active-missing":
				return checks.Warned("%s is not there yet", s.shown(s.cfg.Paths.ActiveConfig)).WithFix("mage profile:set "+s.profile(), "generate it; mage start does it too")
			}
			return checks.FromFault(err).WithFix("mage profile:set "+s.profile(), "generate it anew")
		},
		Mend: func(context.Context) ([]string, error) {
			if !s.isOwn(s.cfg.Paths.ActiveConfig) || !s.isOwn(s.cfg.Paths.StateFile) {
				return nil, nil
			}
			a, err := policy.Build(s.cfg, s.profile(), s.o.Getenv)
			if err != nil {
				return nil, err
			}
			if _, err := policy.Write(s.cfg, a, s.o.Now()); err != nil {
				return nil, err
			}
			return []string{"generated " + s.shown(s.cfg.Paths.ActiveConfig) + " for profile " + a.Profile}, nil
		},
	}
}
