package supervisor

import (
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/process"
)

// keyFor is what a probe of the upstream presents when it is asked for a key:
// one of CLIProxyAPI's own configuration, else the one that FlowGate made. It
// goes to the process pid and to nobody else; nil for a service
// that is not the upstream.
func keyFor(cfg *config.Config, svc config.Service, pid int) func() string {
	if cfg == nil || svc.Name != config.CLIProxy || pid == 0 {
		return nil
	}
	return func() string {
		if !process.Holds(pid, svc.Host, svc.Port) {
			return ""
		}
		if f, err := cliproxy.ReadFile(cfg.CLIProxyConfigFile); err == nil && len(f.APIKeys) > 0 {
			return f.APIKeys[0]
		}
		key, _, _ := keyfile.Read(filepath.Join(cfg.Paths.Secrets(), "upstream.key"))
		return key
	}
}
