// Package claudecoderouter installs claude-code-router from npm, once a machine, for a
// comparison with it.
package claudecoderouter

import (
	"context"
	_ "embed"
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

// Install returns the path of its command.
func Install(ctx context.Context) (string, error) {
	root, err := cache.Root("test-claude-code-router")
	if err != nil {
		return "", err
	}
	dir, err := npm.Package{Manifest: manifest, Lock: lockFile, Config: npmrc}.Install(ctx, root, nil)
	return filepath.Join(dir, "node_modules", ".bin", "ccr"), err
}
