// Package drift says which running services differ from the configuration as it is now. A
// supervisor calls Record when it starts a service, and keeps the result in the ledger; a
// command calls Compare with its status, then Fault if it may not pass over a difference.
//
// It keeps digests, never values: what a service was started with has keys in it. It starts
// and sends nothing.
package drift

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// Record returns what a service that starts now is started with.
func Record(cfg *config.Config, svc config.Service) *ledger.Loaded {
	loaded := &ledger.Loaded{Command: digestCommand(svc), Supervision: digestSupervision(svc)}
	if readsRouterSettings(cfg, svc) {
		if text, err := safefile.Read(cfg.Paths.ActiveConfig, safefile.DocumentLimit); err == nil {
			loaded.Router = digestRouterSettings(text)
		}
	}
	if svc.Runtime == config.RuntimeCLIProxyAPI {
		loaded.CLIProxy, _ = cliproxy.DigestFile(cfg.CLIProxyConfigFile) // one that cannot be read stops the server itself
	}
	return loaded
}

// digestCommand returns a digest of what the configuration says of the program: its arguments,
// its folder and its variables, as references.
func digestCommand(svc config.Service) string {
	return digestJSON(svc.Command, svc.Cwd, svc.Env)
}

// digestSupervision returns a digest of how the service is watched, restarted and stopped.
func digestSupervision(svc config.Service) string {
	return digestJSON(svc.ReadinessPath, svc.Probes, svc.Restart, svc.StopTimeout, svc.UnreadyRestart)
}

// digestJSON returns a digest of values that have a form in JSON. The supervisor has them from
// the control socket, so that empty and missing ones are the same.
func digestJSON(values ...any) string {
	hash := sha256.New()
	for _, value := range values {
		text, _ := json.Marshal(value) // these values always have one
		if s := string(text); s == "null" || s == "[]" || s == "{}" {
			text = nil
		}
		_, _ = hash.Write(append(text, '\n'))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// readsRouterSettings reports whether a service loads the router's generated configuration.
func readsRouterSettings(cfg *config.Config, svc config.Service) bool {
	switch svc.Runtime {
	case config.RuntimeEmbedded, config.RuntimeLiteLLM:
		return true
	case config.RuntimeCommand:
		return strings.Contains(strings.Join(svc.Command, "\n"), filepath.Base(cfg.Paths.ActiveConfig))
	}
	return false
}

// digestRouterSettings returns a digest of the router's configuration and of the files that it
// includes.
func digestRouterSettings(text []byte) string {
	hash := sha256.New()
	_, _ = hash.Write(text)
	for _, file := range includedFiles(text) {
		included, err := safefile.Read(file, safefile.DocumentLimit)
		if err != nil {
			included = []byte("unreadable")
		}
		_, _ = hash.Write(included)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// includedFiles returns the files that a router's configuration includes. Most include none, and
// are not parsed.
func includedFiles(text []byte) []string {
	if !strings.Contains("\n"+string(text), "\ninclude:") {
		return nil
	}
	var doc struct {
		Include []string `yaml:"include"`
	}
	_ = yaml.Unmarshal(text, &doc) // the router itself says what is wrong with it
	return doc.Include
}
