package agents

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/test/cache"
)

// What npm is given. The lock file names no registry: npm uses the one that
// its user has configured.
var (
	//go:embed package.json
	manifest []byte
	//go:embed package-lock.json
	lockFile []byte
	//go:embed .npmrc
	npmrc []byte
)

// installPatience is how long npm may take; the agents are 640 MB.
const installPatience = 10 * time.Minute

// pinned is the version of a package in the manifest.
func pinned(name string) string {
	var m struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if json.Unmarshal(manifest, &m) != nil {
		return "" // the manifest is part of the program; a test reads it
	}
	return m.Dependencies[name]
}

// Missing names the first program that installing and running the agents needs
// and that is not on PATH; empty when all are there.
func Missing() string {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return name
		}
	}
	return ""
}

// Install returns the folder whose node_modules holds the agents, installing
// them on the first call. An empty root means flowgate/test-agents in the
// user's cache folder.
func Install(ctx context.Context, root string, progress io.Writer) (string, error) {
	if name := Missing(); name != "" {
		return "", fault.New("npm-missing", "%s is not on PATH: the agents come from npm", name).
			WithHint("install Node.js 18 or newer, which brings npm")
	}
	if root == "" {
		var err error
		if root, err = cache.Root("test-agents"); err != nil {
			return "", err
		}
	}
	key := cache.Key(manifest, lockFile, npmrc, []byte(runtime.GOOS), []byte(runtime.GOARCH))
	return cache.Folder(ctx, root, key, func(ctx context.Context, dir string) error {
		fmt.Fprintf(progress, "installing the agents from npm into %s (640 MB, once)\n", dir)
		return install(ctx, dir)
	})
}

// install runs npm without install scripts, whose default differs between npm
// versions, and then the one script that is needed: it puts Claude Code's
// binary in its place.
func install(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, installPatience, fmt.Errorf("not done within %v", installPatience))
	defer cancel()
	for name, text := range map[string][]byte{"package.json": manifest, "package-lock.json": lockFile, ".npmrc": npmrc} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return fault.New("cache-unwritable", "write %s: %w", name, err)
		}
	}
	if err := step(ctx, dir, "npm", "ci"); err != nil {
		return err
	}
	return step(ctx, filepath.Join(dir, "node_modules", "@anthropic-ai", "claude-code"), "node", "install.cjs")
}

func step(ctx context.Context, dir, name string, args ...string) error {
	cmd := subprocess.Command(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fault.New("agents-install-failed", "%s %s: %w: %s", name, args[0], err, subprocess.Tail(out, 1<<10)).
			WithHint("check npm's registry and network: npm ping")
	}
	return nil
}
