// Package npm installs pinned programs from npm for tests, once a machine. The lock files
// name no registry: npm uses the one that its user has configured.
package npm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/test/cache"
)

// Package is what npm is given. Config is an .npmrc, which should forbid install scripts:
// their default differs between npm versions.
type Package struct {
	Manifest, Lock, Config []byte

	// IsPartial says that the lock lacks optional packages, those for other systems, which not
	// every registry has: npm ci refuses it, and npm install checks what it has.
	IsPartial bool
}

// patience is how long npm may take.
const patience = 10 * time.Minute

// Missing names the first program that installing needs and that is not on PATH; empty
// when all are there.
func Missing() string {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return name
		}
	}
	return ""
}

// Install returns the folder below root whose node_modules holds the package, installing
// it on the first call. finish does there what is left to do; it may be nil. Faults:
// npm-missing, npm-install-failed, cache-unwritable, cache-busy.
func (p Package) Install(ctx context.Context, root string, finish func(ctx context.Context, dir string) error) (string,
	error) {
	if name := Missing(); name != "" {
		return "", fault.New("npm-missing", "%s is not on PATH: the program comes from npm", name).
			WithHint("install Node.js 18 or newer, which brings npm")
	}
	key := cache.Key(p.Manifest, p.Lock, p.Config, []byte(runtime.GOOS), []byte(runtime.GOARCH))
	return cache.Folder(ctx, root, key, func(ctx context.Context, dir string) error {
		ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not done within %v", patience))
		defer cancel()
		if err := p.install(ctx, dir); err != nil || finish == nil {
			return err
		}
		return finish(ctx, dir)
	})
}

func (p Package) install(ctx context.Context, dir string) error {
	files := map[string][]byte{"package.json": p.Manifest, "package-lock.json": p.Lock, ".npmrc": p.Config}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return fault.New("cache-unwritable", "write %s: %w", name, err)
		}
	}
	command := "ci"
	if p.IsPartial {
		command = "install"
	}
	return Run(ctx, dir, "npm", command)
}

// Run runs a program of an installation in a folder of it.
func Run(ctx context.Context, dir, name string, args ...string) error {
	cmd := subprocess.Command(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fault.New("npm-install-failed", "%s %s: %w: %s", name, args[0], err, subprocess.Tail(out, 1<<10)).
			WithHint("check npm's registry and network: npm ping")
	}
	return nil
}
