package instance

import (
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// ProbeKey returns a function that finds the key for a probe when a service
// answers that it wants one: the router's own key, or one of the upstream's. The
// function returns "" unless the process pid or its family listens at the service's
// address, so that no other process gets the key. environ is the environment that
// the service was started with. Without a configuration or a process the result is nil.
func ProbeKey(cfg *config.Config, svc config.Service, pid int, environ []string) func() string {
	if cfg == nil || pid == 0 {
		return nil
	}
	return func() string {
		if !isServedBy(pid, svc) {
			return ""
		}
		if svc.Name == config.CLIProxy {
			return upstreamKey(cfg)
		}
		key, _ := policy.ClientKey(cfg, control.GetenvIn(environ)) // without a key the probe's finding stays as it is
		return key
	}
}

// upstreamKey returns a key that CLIProxyAPI accepts: one of its own
// configuration, else the one that FlowGate made.
func upstreamKey(cfg *config.Config) string {
	if f, err := cliproxy.ReadFile(cfg.CLIProxyConfigFile); err == nil && len(f.APIKeys) > 0 {
		return f.APIKeys[0]
	}
	key, _, _ := keyfile.Read(filepath.Join(cfg.Paths.Secrets(), "upstream.key"))
	return key
}

// isServedBy reports whether the process that listens at a service's address is
// pid, a member of its group, or a descendant: a launcher such as uv does not
// listen itself.
func isServedBy(pid int, svc config.Service) bool {
	if tcp.IsListening(pid, svc.Host, svc.Port) {
		return true
	}
	holder, found, err := tcp.FindListener(svc.Host, svc.Port)
	return err == nil && found && process.BelongsTo(holder.PID, pid)
}
