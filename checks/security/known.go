package security

import (
	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/inventory"
)

// installationSecrets returns all values that this installation keeps secret, as far as
// they can be read.
func (s *audit) installationSecrets() []string {
	if s.cfg == nil {
		return nil
	}
	return inventory.Secrets(s.cfg, s.options.Getenv)
}

// authFolder returns the folder from which CLIProxyAPI loads credential files.
func (s *audit) authFolder() string {
	return auth.Folder(s.cfg, auth.Environment{Getenv: s.options.Getenv})
}
