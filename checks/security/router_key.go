package security

import (
	"context"
	"errors"
	"io/fs"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/policy"
)

func (s *audit) routerKey() checks.Check {
	return checks.Check{
		ID: "router.key", Title: "The router asks for a key that cannot be guessed",
		Run: func(context.Context) checks.Outcome {
			if s.cfg == nil {
				return s.skippedWithoutConfig()
			}
			svc, ok := s.cfg.Service(config.LiteLLM)
			if !ok {
				return checks.Skipped("this configuration has no router")
			}
			active, err := policy.Load(s.cfg)
			if errors.Is(err, fs.ErrNotExist) {
				return checks.Skipped("no profile was activated yet")
			}
			if err != nil {
				return checks.FromFault(err)
			}
			general, _ := active.Config["general_settings"].(map[string]any)
			if general["dangerously_permit_weak_or_unset_master_key"] == true {
				return checks.Failed("dangerously_permit_weak_or_unset_master_key is set").
					WithFix("", "remove it from general_settings")
			}
			key := active.MasterKey(s.options.Getenv)
			why := findWeakness(key)
			switch {
			case key == "" && !hostname.IsLoopback(svc.Host):
				return checks.Failed("the router listens on %s and has no master key: every client that reaches it is served",
					svc.Host).
					WithFix("mage profile:set "+active.Profile, "give it one")
			case key == "":
				return checks.Skipped("the master key is not known here")
			case why != "":
				return checks.Failed("the router's master key %s", why).
					WithFix("", "write a random one into the file that master_key_ref names, and restart")
			}
			return checks.Passed(nil)
		},
	}
}
