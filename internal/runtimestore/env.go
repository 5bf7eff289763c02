package runtimestore

import (
	"maps"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// loopbackHosts lists the hosts that are never reached through a proxy (NO_PROXY).
const loopbackHosts = "127.0.0.1,localhost,::1"

// serviceEnv returns the environment of a service: what it inherits without mage's and
// FlowGate's own switches, then what the runtime needs, then services.NAME.env.
func serviceEnv(svc config.Service, inherited []string, extra map[string]string) ([]string, error) {
	vars := make(map[string]string, len(inherited))
	for _, entry := range inherited {
		name, value, ok := strings.Cut(entry, "=")
		if ok && name != "" && !isOwnVariable(name) {
			vars[name] = value
		}
	}
	maps.Copy(vars, extra)
	for _, name := range slices.Sorted(maps.Keys(svc.Env)) {
		value, err := expandReferences(svc, name, inherited)
		if err != nil {
			return nil, err
		}
		vars[name] = value
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		vars[name] = addLoopback(vars[name])
	}
	return lo.Map(slices.Sorted(maps.Keys(vars)), func(name string, _ int) string {
		return name + "=" + vars[name]
	}), nil
}

// isOwnVariable reports whether a variable configures the command, or the supervisor
// under a service manager, and so must not reach a service that is this same program.
func isOwnVariable(name string) bool {
	return strings.HasPrefix(name, "MAGEFILE_") || name == "NOTIFY_SOCKET" || strings.HasPrefix(name, "WATCHDOG_") ||
		name == "FLOWGATE_CONFIG" ||
		name == "FLOWGATE_FORMAT" ||
		name == "FLOWGATE_SERVICE"
}

// expandReferences resolves the ${NAME} references in one value of services.NAME.env.
func expandReferences(svc config.Service, name string, environ []string) (string, error) {
	var out strings.Builder
	rest := svc.Env[name]
	for {
		before, after, found := strings.Cut(rest, "${")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		ref, tail, closed := strings.Cut(after, "}")
		if !closed {
			return "", fault.Usage("config-invalid", "services.%s.env.%s: a ${ without its }", svc.Name, name)
		}
		value, ok := lookupEnv(environ, ref)
		if !ok {
			return "", fault.Usage("env-unset", "services.%s.env.%s refers to ${%s}, which is not set", svc.Name, name, ref).
				WithHint("export %s=… before the start, or remove the reference", ref)
		}
		out.WriteString(value)
		rest = tail
	}
}

func addLoopback(list string) string {
	if list == "*" {
		return list
	}
	entries := lo.Map(strings.Split(list, ","), func(s string, _ int) string { return strings.TrimSpace(s) })
	return strings.Join(lo.Uniq(lo.Compact(append(entries, strings.Split(loopbackHosts, ",")...))), ",")
}
