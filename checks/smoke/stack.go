package smoke

import (
	"context"
	"strings"

	"github.com/flowgate-go/flowgate/auth/inventory"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/logs"
)

// stack is a set of services under examination, private or the user's own.
type stack struct {
	cfg     *config.Config
	getenv  func(string) string
	status  control.Status
	secrets []string // values that are not shown
}

// newRouter returns the router of the stack with the key that its clients send.
func (s *stack) newRouter(model string) (Router, error) {
	key, err := policy.ClientKey(s.cfg, s.getenv)
	if err != nil {
		return Router{}, err
	}
	s.secrets = append(inventory.Secrets(s.cfg, s.getenv), key)
	return Router{URL: routerService(s.cfg).URL(), Key: key, Model: model}.requireOwner(), nil
}

// healthChecks returns the checks of liveness and readiness.
func (s *stack) healthChecks(needs []string) []checks.Check {
	return []checks.Check{
		{ID: "services.live", Title: "All services are alive", Family: "smoke", Needs: needs, Run: s.checkLive},
		{
			ID:     "router.ready",
			Title:  "All services are ready",
			Family: "smoke",
			Needs:  []string{"services.live"},
			Run:    s.checkReady,
		},
	}
}

// checkLive checks that every service is alive.
func (s *stack) checkLive(ctx context.Context) checks.Outcome {
	status, err := supervisor.Query(ctx, s.cfg)
	if err != nil {
		return checks.Failed("%v", err)
	}
	s.status = status
	for _, svc := range status.Services {
		if !svc.Live {
			return checks.Failed("%s is %s", svc.Name, svc.State).WithFix("mage logs "+svc.Name, "its last log lines say why")
		}
	}
	return checks.Passed(status.Services)
}

// checkReady checks that every service is ready.
func (s *stack) checkReady(ctx context.Context) checks.Outcome {
	status, err := supervisor.Health(ctx, s.cfg)
	if err != nil {
		return checks.Failed("%v", err)
	}
	for _, svc := range status.Services {
		if !svc.Ready {
			return checks.Failed("%s at %s is not ready", svc.Name, svc.URL).
				WithFix("mage logs "+svc.Name, "its last log lines say why")
		}
	}
	return checks.Passed(nil)
}

// Lines of each log, and bytes of each line, that people see of a failed run.
const (
	briefLines = 3
	briefBytes = 200
)

// Brief implements report.Brief: the last lines of each log, cut. The report for
// programs has them whole, and mage logs shows the logs of a stack that runs.
func (t Target) Brief() any {
	if t.Logs == nil {
		return t
	}
	logs := make(map[string][]string, len(t.Logs))
	for name, lines := range t.Logs {
		for _, line := range lines[max(0, len(lines)-briefLines):] {
			if len(line) > briefBytes {
				line = strings.ToValidUTF8(line[:briefBytes], "") + "…"
			}
			logs[name] = append(logs[name], line)
		}
	}
	t.Logs = logs
	return t
}

// target returns what the report says of the examined stack; when a check failed it has
// the last log lines of every service.
func (s *stack) target(ctx context.Context, mode string, r Router, results []report.Result) Target {
	t := Target{Mode: mode, URL: r.URL, Model: r.Model, Profile: s.status.Profile, Runtime: routerService(s.cfg).Runtime}
	t.Upstream, t.Groups = s.describeUpstream(r.Model), s.groups(ctx, r.Model, results)
	if report.Count(results).Fail == 0 {
		return t
	}
	scrubber := redact.NewLogScrubber(s.secrets...)
	t.Logs = map[string][]string{}
	for _, svc := range s.cfg.Services {
		for _, line := range logs.Tail(s.cfg, svc.Name, 20) {
			t.Logs[svc.Name] = append(t.Logs[svc.Name], string(scrubber.Scrub([]byte(line))))
		}
	}
	return t
}
