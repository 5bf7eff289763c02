package config

import (
	"net"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config/schema"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/samber/lo"
)

// resolveDependencies checks depends_on and maps version 1's name of the upstream to the
// current one.
func (r *resolver) resolveDependencies(s *Service, upstreamKey string) {
	key := serviceKey(s.Name, upstreamKey)
	f, _ := r.root.Lookup("services", key, "depends_on")
	if f.Value == nil {
		return
	}
	for _, item := range f.Value.Items {
		name, isText := item.Value.(string)
		if !isText {
			r.d.Add(item.At, "services."+key+".depends_on", "", "depends_on must name services, not %s",
				item.Describe("depends_on"))
			continue
		}
		r.addDependency(s, key, upstreamKey, name, item.At)
	}
	for _, entry := range f.Value.Fields {
		name := r.addDependency(s, key, upstreamKey, entry.Key, entry.At)
		switch condition, _ := entry.Value.Value.(string); condition {
		case schema.ConditionReady:
		case schema.ConditionStarted:
			s.DependsStarted = append(s.DependsStarted, name)
		default:
			r.d.Add(entry.Value.At, "services."+key+".depends_on."+entry.Key, "write ready or started",
				"the condition of a dependency must be ready or started, not %s", entry.Value.Describe("depends_on"))
		}
	}
}

// addDependency adds a service that s depends on, and returns its current name.
func (r *resolver) addDependency(s *Service, key, upstreamKey, name string, at yamlnode.Pos) string {
	switch name {
	case CLIProxy, upstreamKey:
		name = CLIProxy
	case LiteLLM:
	default:
		r.d.AddInFile(r.d.File, at, "services."+key+".depends_on",
			schema.KeyHint(name, []string{LiteLLM, upstreamKey}),
			"unknown service \""+yamlnode.TruncateLine(name)+"\" in depends_on")
		return name
	}
	if !slices.Contains(s.DependsOn, name) {
		s.DependsOn = append(s.DependsOn, name)
	}
	return name
}

// serviceKey returns the key of a service below services in the file; upstreamKey is that of
// cliproxyapi_plus.
func serviceKey(service, upstreamKey string) string {
	if service == CLIProxy {
		return upstreamKey
	}
	return service
}

// checkPorts adds a problem when both services listen on one address. A service with an
// unspecified host listens on every address.
func (r *resolver) checkPorts(upstream, router Service, upstreamKey string) {
	listensEverywhere := func(s Service) bool {
		ip := net.ParseIP(s.Host)
		return ip != nil && ip.IsUnspecified()
	}
	if upstream.Port == 0 || upstream.Port != router.Port {
		return
	}
	if upstream.Host == router.Host || listensEverywhere(upstream) || listensEverywhere(router) {
		r.addProblem([]string{"services", upstreamKey, "port"}, "give each service a port of its own",
			"services.%s and services.%s both listen on %s", LiteLLM, upstreamKey, upstream.Addr())
	}
}

// sortByDependency returns services so that each follows the ones that it depends on; services
// without dependencies keep their order. It adds a problem for a cycle.
func (r *resolver) sortByDependency(services []Service, upstreamKey string) []Service {
	var sorted []Service
	var visit func(s Service, trail []string) bool
	visit = func(s Service, trail []string) bool {
		if slices.ContainsFunc(sorted, func(d Service) bool { return d.Name == s.Name }) {
			return true
		}
		if i := slices.Index(trail, s.Name); i >= 0 {
			cycle := lo.Map(append(slices.Clone(trail[i:]), s.Name),
				func(name string, _ int) string { return serviceKey(name, upstreamKey) })
			r.addProblem([]string{"services", cycle[0], "depends_on"}, "take one of them out", "depends_on forms a cycle: %s",
				strings.Join(cycle, " → "))
			return false
		}
		for _, name := range s.DependsOn {
			next, _ := lo.Find(services, func(o Service) bool { return o.Name == name })
			if !visit(next, append(trail, s.Name)) {
				return false
			}
		}
		sorted = append(sorted, s)
		return true
	}
	for _, s := range services {
		if !visit(s, nil) {
			return services
		}
	}
	return sorted
}
