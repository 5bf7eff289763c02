package upstream

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func cliproxyReachable(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "cliproxy.reachable", Title: "CLIProxyAPI answers on its port", Needs: []string{"services.live"}, Timeout: subject.Patience,
		About: "Asks /healthz, and where an older server has none, / for the sentence \"CLI Proxy API Server\": so a stranger on the port is not taken for it. An HTML page there means safe mode (sample api-keys).",
		Run: func(context.Context) checks.Outcome {
			svc, real := s.CLIProxyService()
			if !real {
				return subject.SkippedForEcho()
			}
			a, healthy := s.AskCLIProxy()
			if healthy {
				return checks.Passed(a)
			}
			return checks.Failed("").WithDetail(a).WithFix("mage restart "+svc.Name, "restart it; mage logs "+svc.Name+" has its last lines")
		},
	}
}
