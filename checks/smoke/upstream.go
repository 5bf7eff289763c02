package smoke

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
)

// describeUpstream returns, for people, what answers behind the router: the provider and
// the host of every deployment of the model.
func (s *stack) describeUpstream(model string) string {
	proxy, hasProxy := s.cfg.Service(config.CLIProxy)
	settings, err := policy.Merged(s.cfg, policy.CurrentOrDefault(s.cfg))
	if err != nil { // a configuration of version 3 has no router
		return describeProxy(proxy)
	}
	var all []string
	for _, d := range subject.DeploymentsIn(settings) {
		if d.Group != model {
			continue
		}
		if name, isVariable := strings.CutPrefix(d.Base, "os.environ/"); isVariable {
			d.Base = s.getenv(name)
		}
		text := d.Provider()
		if host, _, ok := d.Address(); ok {
			text += " at " + host
		}
		if hasProxy && d.LeadsTo(proxy) {
			text = describeProxy(proxy)
		}
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, ", ")
}

// describeProxy returns what runs as the service cliproxyapi_plus.
func describeProxy(svc config.Service) string {
	if svc.Runtime == config.RuntimeEcho {
		return "echo (FlowGate's deterministic stand-in, not CLIProxyAPI)"
	}
	return svc.Runtime
}
