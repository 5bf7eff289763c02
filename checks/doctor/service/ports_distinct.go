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
		About: "Compares the port in CLIProxyAPI's own configuration file, which is the one that it listens on, with the router's. Two services of flowgate.yaml on one address are a mistake that config.valid already names; this one stands in another file, and shows only as a start that never gets ready, or as a router that asks itself.",
		Run: func(context.Context) checks.Outcome {
			router, routed := s.Config.Service(config.LiteLLM)
			own, ok := s.CLIProxyConfig()
			if !ok || !routed || own.Port != router.Port {
				return checks.Passed(nil)
			}
			return checks.Failed("%s makes CLIProxyAPI listen on port %d, which is the router's", s.ShortPath(s.Config.CLIProxyConfigFile), own.Port).
				WithFix("", "give the two different ports")
		},
	}
}
