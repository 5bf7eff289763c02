package config

import (
	"net"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config/schema"
)

// unreadyRestart is how long a service may fail its own readiness probe by default before it
// is restarted.
const unreadyRestart = 5 * time.Minute

// defaultRestart returns the restarts of a service whose configuration names none.
func defaultRestart() Restart {
	const burst = 5 // systemd's StartLimitBurst
	return Restart{Policy: "always", Max: burst, Within: time.Minute, Backoff: 500 * time.Millisecond}
}

// WithDefaults returns the restarts with the default in place of each number that
// is 0 or less, as in a service that was not read from a file.
func (r Restart) WithDefaults() Restart {
	d := defaultRestart()
	if r.Max <= 0 {
		r.Max = d.Max
	}
	if r.Within <= 0 {
		r.Within = d.Within
	}
	if r.Backoff <= 0 {
		r.Backoff = d.Backoff
	}
	return r
}

// resolveServices resolves both services and sorts them in start order.
func (r *resolver) resolveServices(doc schema.ServicesV2, upstreamKey string) {
	upstream := r.resolveService(CLIProxy, upstreamKey, doc.CLIProxy.Runtime, doc.CLIProxy.ServiceDocument)
	router := r.resolveService(LiteLLM, LiteLLM, doc.LiteLLM.Runtime, doc.LiteLLM.ServiceDocument)
	for _, s := range [...]*Service{&upstream, &router} {
		r.resolveDependencies(s, upstreamKey)
	}
	r.checkPorts(upstream, router, upstreamKey)
	r.cfg.Services = r.sortByDependency([]Service{upstream, router}, upstreamKey)
}

// resolveService resolves one service; key is its name in the file.
func (r *resolver) resolveService(name, key, runtime string, doc schema.ServiceDocument) Service {
	s := Service{
		Name: name, Host: doc.Host, Port: doc.Port, Runtime: runtime,
		ReadinessPath: doc.ReadinessPath, Command: doc.Command.Args, Env: convertEnvironment(doc.Env),
		Restart: applyRestart(doc.Restart, defaultRestart()), UnreadyRestart: Span(unreadyRestart),
	}
	r.resolveHost(&s, key)
	r.resolveCommand(&s, key, doc.Command.Cwd)
	r.resolveReadinessPath(&s, key, doc.HealthPath)
	s.Probes = r.resolveProbes(key, doc.Probes)
	if doc.Unready != nil {
		s.UnreadyRestart = Span(*doc.Unready)
	}
	if doc.StopTimeout != nil {
		s.StopTimeout = Span(*doc.StopTimeout)
	}
	return s
}

// applyRestart returns r with the values that the file has instead of those of r.
func applyRestart(doc schema.RestartDocument, r Restart) Restart {
	if doc.Policy != "" {
		r.Policy = doc.Policy
	}
	if doc.Max != nil {
		r.Max = *doc.Max
	}
	if doc.Within != nil {
		r.Within = time.Duration(*doc.Within)
	}
	if doc.Backoff != nil {
		r.Backoff = time.Duration(*doc.Backoff)
	}
	return r
}

// resolveHost fills in the loopback address and refuses what is not a host.
func (r *resolver) resolveHost(s *Service, key string) {
	if s.Host == "" {
		s.Host = "127.0.0.1"
	}
	if net.ParseIP(s.Host) == nil && strings.ContainsAny(s.Host, ":/ @[]") {
		r.addProblem([]string{"services", key, "host"}, "write an address such as 127.0.0.1; the port has a key of its own",
			"%q is not a host name or an address", s.Host)
	}
}

// resolveCommand decides which runtime a service has, checks its command and fills in the
// command's working folder. It drops a command that the runtime does not use.
func (r *resolver) resolveCommand(s *Service, key, cwd string) {
	service, hasService := r.root.Lookup("services", key)
	_, hasRuntime := service.Value.Field("runtime") // if unknown, decode has reported it
	command, hasCommand := r.root.Lookup("services", key, "command")
	if s.Runtime == "" && hasCommand {
		s.Runtime = RuntimeCommand
	}
	switch {
	case !hasCommand && hasService && (!hasRuntime || s.Runtime == RuntimeCommand):
		r.addProblem([]string{"services", key}, "add command: {args: [...]}, or runtime: "+builtinRuntime(s.Name),
			"missing key \"command\" in services.%s", key)
	case hasCommand && s.Runtime == builtinRuntime(s.Name):
		r.d.Warn("key-ignored", "services."+key+".command", command.At, "services.%s.command has no effect with runtime %s",
			key, s.Runtime)
		s.Command = nil
	case hasCommand && len(s.Command) > 0 && strings.TrimSpace(s.Command[0]) == "":
		r.addProblem([]string{"services", key, "command", "args"}, "begin the list with the program to run",
			"services.%s.command.args[0] is empty", key)
	case hasCommand:
		s.Cwd = r.resolvePath(cwd, "services", key, "command", "cwd")
		if cwd == "" {
			s.Cwd = r.cfg.Dir
		}
	}
}

// builtinRuntime returns the runtime of a service that FlowGate itself contains.
func builtinRuntime(service string) string {
	if service == LiteLLM {
		return RuntimeEmbedded
	}
	return RuntimeEcho
}

// resolveReadinessPath fills in the path of the readiness probe.
func (r *resolver) resolveReadinessPath(s *Service, key, oldPath string) {
	if f, ok := r.root.Lookup("services", key, "health_path"); ok {
		r.d.Warn("key-renamed", "services."+key+".health_path", f.At,
			"health_path is now readiness_path; `mage config:migrate` renames it")
		if s.ReadinessPath == "" {
			s.ReadinessPath = oldPath
		}
	}
	switch {
	case s.ReadinessPath != "":
		if !strings.HasPrefix(s.ReadinessPath, "/") {
			r.addProblem([]string{"services", key, "readiness_path"}, "write "+`"/`+s.ReadinessPath+`"`,
				"the readiness path %q must begin with /", s.ReadinessPath)
		}
	case s.Runtime == RuntimeEmbedded, s.Runtime == RuntimeLiteLLM:
		s.ReadinessPath = "/health/readiness"
	case s.Runtime == RuntimeEcho:
		s.ReadinessPath = "/healthz"
	case s.Runtime == RuntimeCLIProxyAPI:
		s.ReadinessPath = "/" // 200 without a key in every known version; /v1/models is 401, /healthz 404 in older ones
	default:
		s.ReadinessPath = "/v1/models"
	}
}

// addProblem adds a problem at the place of the value that keys lead to.
func (r *resolver) addProblem(keys []string, hint, format string, args ...any) {
	r.d.Add(r.root.PosOf(keys...), strings.Join(keys, "."), hint, format, args...)
}

// convertEnvironment returns the environment variables of a service as strings.
func convertEnvironment(env map[string]schema.Text) map[string]string {
	if env == nil {
		return nil
	}
	out := make(map[string]string, len(env))
	for name, value := range env {
		out[name] = string(value)
	}
	return out
}
