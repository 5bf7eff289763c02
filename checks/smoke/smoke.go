// Package smoke brings a complete router up, or takes the one that runs, and
// sends real requests through it; each step is a check. Run does all of it;
// Router.Probes returns the requests alone.
//
// It takes down what it brought up, however it ends.
//
// The package is larger than others (about 1,200 lines): probes, the private stack
// and the check of its logs share one Router and one stack.
package smoke

import (
	"cmp"
	"context"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/remote"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// Options say what Run sends its requests through.
type Options struct {
	Config        *config.Config // of the stack that may be running
	Remote        remote.Options // a router elsewhere, when it has a URL
	Model         string         // model group that the probes ask for; empty means integration.default_model
	Profile       string         // of a private stack; empty means the default one
	Runtime       string         // of a private stack's router: config.RuntimeEmbedded (default) or config.RuntimeLiteLLM
	Timeout       time.Duration  // until a private stack is ready; 0 means by runtime
	Keep          bool           // leave the private stack up
	AlwaysPrivate bool           // always a private stack: Config is not trusted
	Self          string         // binary that runs the private stack
	Environ       []string       // what its services inherit
	Getenv        func(string) string
	Emit          func(report.Result)
}

// Target is what a smoke report says of the stack it examined.
type Target struct {
	Mode       string              `json:"mode"` // private, running or url
	URL        string              `json:"url"`
	Model      string              `json:"model"`
	Runtime    string              `json:"runtime,omitempty"`
	Upstream   string              `json:"upstream,omitempty"` // what answered behind the router
	Groups     []Group             `json:"groups,omitempty"`   // each group and the clients' dialects; nil where not known
	Profile    string              `json:"profile,omitempty"`
	RuntimeDir string              `json:"runtime_dir,omitempty"` // of a private stack that was kept
	Stop       string              `json:"stop,omitempty"`        // command that takes a kept stack down
	Logs       map[string][]string `json:"logs,omitempty"`        // last lines of each service's log, when a check failed
}

// probeTimeout bounds one request of a smoke run.
const probeTimeout = 30 * time.Second

// Run sends real requests through a router and reports each step as a check:
// through the router of Remote, else through the running stack of Config, else
// through a private stack that it brings up and takes down again.
func Run(ctx context.Context, o Options) (report.Checked, error) {
	if o.Remote.URL != "" {
		return runRemote(ctx, o)
	}
	if o.Profile == "" && o.Runtime == "" && !o.Keep && !o.AlwaysPrivate {
		status, err := supervisor.Query(ctx, o.Config)
		if err != nil {
			return report.Checked{}, err
		}
		if isRouterRunning(o.Config, status) {
			return runRunning(ctx, o, status)
		}
	}
	return runPrivate(ctx, o)
}

// runRunning runs the checks on the stack that runs.
func runRunning(ctx context.Context, o Options, status control.Status) (report.Checked, error) {
	s := stack{cfg: o.Config, getenv: o.Getenv, status: status}
	r, err := s.newRouter(cmp.Or(o.Model, defaultModel(o.Config)))
	if err != nil {
		return report.Checked{}, err
	}
	list := append(s.healthChecks(nil), r.Probes([]string{"router.ready"}, probeTimeout)...)
	list = append(list, s.logsCheck(checkIDs(list)))
	results := checks.Run(ctx, list, checks.Options{Emit: o.Emit})
	return report.Checked{Checks: results, Data: s.target(ctx, "running", r, results)}, nil
}

// routerService returns the service that clients talk to: litellm, or cliproxyapi_plus in
// a version 3 configuration, which has no router.
func routerService(cfg *config.Config) config.Service {
	if svc, ok := cfg.Service(config.LiteLLM); ok {
		return svc
	}
	svc, _ := cfg.Service(config.CLIProxy)
	return svc
}

// isRouterRunning reports whether the process of the router is alive.
func isRouterRunning(cfg *config.Config, status control.Status) bool {
	for _, s := range status.Services {
		if s.Name == routerService(cfg).Name {
			return s.Live
		}
	}
	return false
}

// defaultModel returns the group that clients ask for by default.
func defaultModel(cfg *config.Config) string {
	if cfg.Integration.DefaultModel != "" {
		return cfg.Integration.DefaultModel
	}
	if list, ok := cfg.Base["model_list"].([]any); ok && len(list) > 0 {
		if entry, ok := list[0].(map[string]any); ok {
			if name, ok := entry["model_name"].(string); ok {
				return name
			}
		}
	}
	return "router-default"
}

// checkIDs returns the IDs of the checks.
func checkIDs(list []checks.Check) []string {
	ids := make([]string, len(list))
	for i, c := range list {
		ids[i] = c.ID
	}
	return ids
}
