package service

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
)

func portsDistinct(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "ports.distinct", Title: "Every service has a port of its own", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			router, routed := s.Config.Service(config.LiteLLM)
			own, known := s.CLIProxyConfig()
			switch {
			case !routed:
				return checks.Skipped("there is no router")
			case !known:
				return checks.Skipped("there is no configuration file of CLIProxyAPI to compare with, or it cannot be read")
			case own.Port != router.Port:
				return checks.Passed(nil)
			}
			return checks.Failed("%s makes CLIProxyAPI listen on port %d, which is the router's",
				s.ShortPath(s.Config.CLIProxyConfigFile), own.Port).
				WithFix("", "give the two different ports")
		},
	}
}
