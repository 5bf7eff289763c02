// Package auth signs in to providers and keeps their credentials: which
// providers and methods there are (Providers), which accounts (Accounts) and in
// what state, the sign-ins themselves (Login), imports from other tools
// (Import), refreshing, removal with undo, and moving to another machine.
//
// Call Accounts first: it reads the folder of credential files that CLIProxyAPI
// loads. Looking never refreshes, changes or sends a token; no function returns
// or prints one.
package auth

import (
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
)

// Environment is what the package looks at besides the configuration.
type Environment struct {
	Getenv func(string) string // HOME, CODEX_HOME, …
	Now    func() time.Time
	GOOS   string // runtime.GOOS: where other tools keep their files
}

// Folder is where the credential files are: auth-dir of CLIProxyAPI's own
// configuration where that can be read, else .router/auths.
func Folder(cfg *config.Config, env Environment) string {
	if cfg.CLIProxyConfigFile == "" {
		return cfg.Paths.Auths()
	}
	f, err := cliproxy.ReadFile(cfg.CLIProxyConfigFile)
	if err != nil || f.AuthDir == "" && cfg.Version != 3 {
		return cfg.Paths.Auths()
	}
	return f.Folder(env.Getenv("HOME"), cfg.Dir)
}

// trash is where files go that logout and import take away. It is inside the
// credential folder, so that a rename always does; CLIProxyAPI loads no subfolders.
func trash(folder string) string { return filepath.Join(folder, ".trash") }
