package wiring

import (
	"context"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
)

func stackEnvironment(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "stack.environment", Title: "The running router has every variable that it reads",
		Needs: []string{"services.live"},
		Run: func(context.Context) checks.Outcome {
			running, ok := s.RunningService(config.LiteLLM)
			if !ok {
				return checks.Skipped("the router does not run")
			}
			names, known := process.EnvironNames(running.PID)
			if !known {
				return checks.Skipped("the environment of another process cannot be seen here")
			}
			unset := lo.Reject(routerVariables(s), func(r subject.Reference, _ int) bool { return names[r.Name] })
			o := subject.ReportUnset(unset, "is not set in the running router", "export it, then restart the router")
			if len(unset) > 0 {
				o = o.WithFix("mage restart litellm", "restart it from a shell in which it is exported")
			}
			return o
		},
	}
}

// routerVariables returns the variables that the router itself reads, including the
// variables of credentials.
func routerVariables(s *subject.Subject) []subject.Reference {
	all := s.RouterReferences()
	used := map[string]bool{}
	for _, d := range s.Deployments() {
		name, _ := d.Params["api_key_ref"].(string)
		used[name] = true
	}
	for name, c := range s.Config.Credentials {
		if c.Env != "" && used[name] {
			all = append(all, subject.Reference{Name: c.Env, Path: "credentials.upstream." + name})
		}
	}
	return all
}
