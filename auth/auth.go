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
	"os"
	"path/filepath"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
)

// Environment is what the package looks at besides the configuration.
type Environment struct {
	Getenv func(string) string // HOME, CODEX_HOME, …
	Now    func() time.Time
	GOOS   string // runtime.GOOS: where other tools keep their files

	// Untrusted says that the configuration is not trusted: nothing that it names is asked.
	Untrusted bool
}

// Folder is where the credential files are: where CLIProxyAPI loads them from,
// as ServerFolder says, else .router/auths.
func Folder(cfg *config.Config, env Environment) string {
	if cfg.CLIProxyConfigFile == "" {
		return cfg.Paths.Auths()
	}
	f, err := cliproxy.ReadFile(cfg.CLIProxyConfigFile)
	if err != nil || f.AuthDir == "" && cfg.Version != 3 {
		return cfg.Paths.Auths()
	}
	return ServerFolder(cfg, env.Getenv, f)
}

// ServerFolder is the folder that CLIProxyAPI with the configuration own loads
// credentials from: auth-dir counts from the folder that the server is started
// in, and ~ is its HOME.
func ServerFolder(cfg *config.Config, getenv func(string) string, own cliproxy.File) string {
	svc, _ := cfg.Service(config.CLIProxy)
	home := getenv("HOME")
	if written, ok := svc.Env["HOME"]; ok {
		home = os.Expand(written, getenv)
	}
	return own.Folder(home, lo.CoalesceOrEmpty(svc.Cwd, cfg.Dir))
}

// TrashFolder is where files go that logout and import take away. It is inside the
// credential folder, so that a rename always does; CLIProxyAPI loads no subfolders.
func TrashFolder(folder string) string { return filepath.Join(folder, ".trash") }
