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

// serviceEnv returns the environment of a service: the inherited variables without mage's and
// FlowGate's own, then extra, which the runtime needs, then services.NAME.env; later ones
// replace earlier ones. Faults: env-unset, config-invalid.
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

// isOwnVariable reports whether a variable configures this command, or the supervisor
// under a service manager. A service must not get it, because it may be this program too.
func isOwnVariable(name string) bool {
	return strings.HasPrefix(name, "MAGEFILE_") || name == "NOTIFY_SOCKET" || strings.HasPrefix(name, "WATCHDOG_") ||
		name == "FLOWGATE_CONFIG" ||
		name == "FLOWGATE_FORMAT" ||
		name == "FLOWGATE_SERVICE"
}

// expandReferences returns the value of the variable name of services.NAME.env with its
// ${NAME} references replaced. Faults: env-unset, config-invalid.
func expandReferences(svc config.Service, name string, environ []string) (string, error) {
	var out strings.Builder
	rest := svc.Env[name]
	for {
		before, after, found := strings.Cut(rest, "${")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		ref, tail, isClosed := strings.Cut(after, "}")
		if !isClosed {
			return "", fault.Usage("config-invalid", "services.%s.env.%s has a ${ without a }", svc.Name, name)
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

// addLoopback returns a NO_PROXY list that also has loopbackHosts.
func addLoopback(list string) string {
	if list == "*" {
		return list
	}
	entries := lo.Map(strings.Split(list, ","), func(s string, _ int) string { return strings.TrimSpace(s) })
	return strings.Join(lo.Uniq(lo.Compact(append(entries, strings.Split(loopbackHosts, ",")...))), ",")
}
