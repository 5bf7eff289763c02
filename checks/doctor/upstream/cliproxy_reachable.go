package upstream

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/program"
)

func cliproxyReachable(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "cliproxy.reachable", Title: "CLIProxyAPI answers on its port",
		Needs: []string{"services.live"}, Timeout: subject.Patience, Active: true,
		Run: func(context.Context) checks.Outcome {
			svc, isCLIProxy := s.CLIProxyService()
			if !isCLIProxy {
				return subject.SkippedForEcho()
			}
			a, healthy := s.AskCLIProxy()
			if healthy {
				return checks.Passed(a)
			}
			return checks.Failed("").
				WithDetail(a).
				WithFix("mage restart "+svc.Name, program.Text("restart it; mage logs ")+svc.Name+" has its last lines")
		},
	}
}
