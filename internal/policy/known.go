package policy

import (
	"path/filepath"
	"slices"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
)

// Files of a stack's keys, in the folder config.Paths.Secrets.
const (
	gatewayKey    = "gateway.key"
	upstreamKey   = "upstream.key"
	managementKey = "management.key"
)

// ClientKey returns the key that clients of the stack send: the master key of the
// active router configuration, or in version 3 the upstream key, which is the one that
// FlowGate made, else the first of CLIProxyAPI's own api-keys. It is a secret.
// Faults: active-missing, active-invalid, client-key-missing.
func ClientKey(cfg *config.Config, getenv func(string) string) (string, error) {
	if _, hasRouter := cfg.Service(config.LiteLLM); !hasRouter {
		return upstreamClientKey(cfg)
	}
	active, err := Load(cfg)
	if err != nil {
		return "", err
	}
	if key := active.MasterKey(getenv); key != "" {
		return key, nil
	}
	return readStackKey(cfg, gatewayKey)
}

// upstreamClientKey returns the key that clients of a CLIProxyAPI without a router send.
func upstreamClientKey(cfg *config.Config) (string, error) {
	key, err := readStackKey(cfg, upstreamKey)
	if err == nil {
		return key, nil
	}
	proxyConfig, readErr := cliproxy.ReadFile(cfg.CLIProxyConfigFile)
	switch {
	case readErr != nil:
		return "", fault.From(err).
			WithHint("put the key into that file (mode 0600); CLIProxyAPI's own file cannot be read either: %v", readErr)
	case len(proxyConfig.APIKeys) == 0 || proxyConfig.APIKeys[0] == "":
		return "", fault.From(err).
			WithHint("put the key into that file (mode 0600), or add one to api-keys in %s", cfg.CLIProxyConfigFile)
	}
	return proxyConfig.APIKeys[0], nil
}

// readStackKey returns the key in a file of config.Paths.Secrets. Fault: client-key-missing.
func readStackKey(cfg *config.Config, name string) (string, error) {
	path := filepath.Join(cfg.Paths.Secrets(), name)
	key, _, err := keyfile.Read(path)
	if err != nil {
		return "", fault.New("client-key-missing", "the key that clients send is not in %s: %w", path, err).
			WithHint("put the key into that file (mode 0600), or let mage init make one")
	}
	return key, nil
}

// KnownSecrets returns the secrets of the installation for a redact.Scrubber: those
// in the active router configuration and the keys of the stack. It leaves out what cannot
// be read.
func KnownSecrets(cfg *config.Config, getenv func(string) string) []string {
	var all []string
	if active, err := Load(cfg); err == nil {
		all = active.Secrets(getenv)
	}
	for _, name := range [...]string{gatewayKey, upstreamKey, managementKey} {
		key, _, err := keyfile.Read(filepath.Join(cfg.Paths.Secrets(), name))
		if err == nil && !slices.Contains(all, key) {
			all = append(all, key)
		}
	}
	return all
}

// CurrentOrDefault returns the profile in force, or the default one when none was chosen or
// the chosen one no longer exists.
func CurrentOrDefault(cfg *config.Config) string {
	if name, _ := Current(cfg); name != "" {
		if _, exists := cfg.Profiles[name]; exists {
			return name
		}
	}
	return cfg.DefaultProfile()
}

// Find returns one profile as it is written. Fault: profile-unknown.
func Find(cfg *config.Config, name string) (Profile, error) {
	all := List(cfg)
	i := slices.IndexFunc(all, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		return Profile{}, unknownProfileFault(name, cfg.ProfileNames())
	}
	return all[i], nil
}
