// Package auth knows the accounts of an installation: the credentials that it
// has, their states and their problems.
//
// Call Accounts first: it reads the folder of credential files that CLIProxyAPI
// loads. This package changes no credential and sends nothing over the network;
// no exported field holds a token. The packages below it do the rest:
// auth/status shows accounts and providers, auth/signin signs in, auth/source
// imports from other tools, auth/vault writes, removes and restores credential
// files, auth/refresh renews tokens, auth/bundle exports.
package auth

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
)

// Environment is what the packages of auth depend on besides the configuration.
type Environment struct {
	Getenv func(string) string // HOME, CODEX_HOME, …
	Now    func() time.Time
	GOOS   string // runtime.GOOS: where other tools keep their files

	// Sleep does the waiting for Wait. If it is nil, Wait uses a timer.
	Sleep func(ctx context.Context, d time.Duration) error

	// Untrusted reports that the user does not trust the configuration: no server that it names is contacted.
	Untrusted bool
}

// Wait waits between two requests: for d, or until ctx ends, whose error it then returns.
func (e Environment) Wait(ctx context.Context, d time.Duration) error {
	if e.Sleep != nil {
		return e.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Folder returns the folder of credential files: the one that CLIProxyAPI loads
// them from (ServerFolder), else .router/auths.
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

// ServerFolder returns the folder that CLIProxyAPI with the configuration file f
// loads credentials from: auth-dir is relative to the folder that the server is
// started in, and ~ is the server's HOME.
func ServerFolder(cfg *config.Config, getenv func(string) string, f cliproxy.File) string {
	svc, _ := cfg.Service(config.CLIProxy)
	home := getenv("HOME")
	if configured, ok := svc.Env["HOME"]; ok {
		home = os.Expand(configured, getenv)
	}
	return f.Folder(home, lo.CoalesceOrEmpty(svc.Cwd, cfg.Dir))
}

// TrashFolder returns the folder that removed and replaced files are moved to. It
// is inside the credential folder, so that moving is a rename on one file system;
// CLIProxyAPI loads no subfolders.
func TrashFolder(folder string) string { return filepath.Join(folder, ".trash") }
