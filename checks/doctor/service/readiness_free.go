package service

import (
	"context"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
)

func readinessFree(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "readiness.free", Title: "Readiness probes cost nothing", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			svc, ok := s.Config.Service(config.LiteLLM)
			if !ok {
				return checks.Skipped("there is no router")
			}
			path, _, _ := strings.Cut(svc.ReadinessPath, "?")
			if strings.TrimSuffix(path, "/") == "/health" {
				return checks.Failed("services.litellm.readiness_path is %s, which calls every deployment for money each "+
					"time it is asked", svc.ReadinessPath).
					WithFix("", "write readiness_path: /health/readiness")
			}
			return checks.Passed(nil)
		},
	}
}
