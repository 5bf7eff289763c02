package config

import (
	"net"
	"slices"
	"strings"

	"github.com/samber/lo"
)

// resolveDependencies checks depends_on and maps version 1's name of the upstream.
func (r *resolver) resolveDependencies(s *Service, upstreamKey string) {
	key := keyInFile(s.Name, upstreamKey)
	f, _ := r.root.lookup("services", key, "depends_on")
	if f.value == nil {
		return
	}
	for _, item := range f.value.items {
		name, isText := item.value.(string)
		if !isText {
			r.d.add(item.at, "services."+key+".depends_on", "", "depends_on must name services, not %s", item.describe("depends_on"))
			continue
		}
		r.addDependency(s, key, upstreamKey, name, item.at)
	}
	for _, entry := range f.value.fields {
		name := r.addDependency(s, key, upstreamKey, entry.key, entry.at)
		switch condition, _ := entry.value.value.(string); condition {
		case conditionReady:
		case conditionStarted:
			s.DependsStarted = append(s.DependsStarted, name)
		default:
			r.d.add(entry.value.at, "services."+key+".depends_on."+entry.key, "write ready or started",
				"the condition of a dependency must be ready or started, not %s", entry.value.describe("depends_on"))
		}
	}
}

// addDependency adds one and returns its current name.
func (r *resolver) addDependency(s *Service, key, upstreamKey, name string, at pos) string {
	switch name {
	case CLIProxy, upstreamKey:
		name = CLIProxy
	case LiteLLM:
	default:
		r.d.addInFile(r.d.file, at, "services."+key+".depends_on",
			keyHint(name, []string{LiteLLM, upstreamKey}), "unknown service \""+truncateLine(name)+"\" in depends_on")
		return name
	}
	if !slices.Contains(s.DependsOn, name) {
		s.DependsOn = append(s.DependsOn, name)
	}
	return name
}

func keyInFile(service, upstreamKey string) string {
	if service == CLIProxy {
		return upstreamKey
	}
	return service
}

// checkPorts reports two services on one address. An unspecified host takes the
// port on every address.
func (r *resolver) checkPorts(upstream, router Service, upstreamKey string) {
	everywhere := func(s Service) bool {
		ip := net.ParseIP(s.Host)
		return ip != nil && ip.IsUnspecified()
	}
	if upstream.Port == 0 || upstream.Port != router.Port {
		return
	}
	if upstream.Host == router.Host || everywhere(upstream) || everywhere(router) {
		r.addProblem([]string{"services", upstreamKey, "port"}, "give each service a port of its own", "services.%s and services.%s both listen on %s", LiteLLM, upstreamKey, upstream.Addr())
	}
}

// sortByDependency returns services so that each follows those it depends on; where
// nothing is said they keep their order. A cycle is a problem.
func (r *resolver) sortByDependency(services []Service, upstreamKey string) []Service {
	var done []Service
	var visit func(s Service, trail []string) bool
	visit = func(s Service, trail []string) bool {
		if slices.ContainsFunc(done, func(d Service) bool { return d.Name == s.Name }) {
			return true
		}
		if i := slices.Index(trail, s.Name); i >= 0 {
			cycle := lo.Map(append(slices.Clone(trail[i:]), s.Name), func(name string, _ int) string { return keyInFile(name, upstreamKey) })
			r.addProblem([]string{"services", cycle[0], "depends_on"}, "take one of them out", "depends_on forms a cycle: %s", strings.Join(cycle, " → "))
			return false
		}
		for _, name := range s.DependsOn {
			next, _ := lo.Find(services, func(o Service) bool { return o.Name == name })
			if !visit(next, append(trail, s.Name)) {
				return false
			}
		}
		done = append(done, s)
		return true
	}
	for _, s := range services {
		if !visit(s, nil) {
			return services
		}
	}
	return done
}
