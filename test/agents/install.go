package agents

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/flowgate-go/flowgate/test/cache"
	"github.com/flowgate-go/flowgate/test/npm"
)

// What npm is given.
var (
	//go:embed package.json
	manifest []byte
	//go:embed package-lock.json
	lockFile []byte
	//go:embed .npmrc
	npmrc []byte
)

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

// Install returns the folder whose node_modules holds the agents, installing
// them on the first call. An empty root means flowgate/test-agents in the
// user's cache folder.
func Install(ctx context.Context, root string, progress io.Writer) (string, error) {
	if root == "" {
		var err error
		if root, err = cache.Root("test-agents"); err != nil {
			return "", err
		}
	}
	fmt.Fprintf(progress, "the agents are installed from npm below %s (640 MB, once)\n", root)
	agents := npm.Package{Manifest: manifest, Lock: lockFile, Config: npmrc}
	return agents.Install(ctx, root, func(ctx context.Context, dir string) error {
		// puts Claude Code's binary in its place
		return npm.Run(ctx, filepath.Join(dir, "node_modules", "@anthropic-ai", "claude-code"), "node", "install.cjs")
	})
}
