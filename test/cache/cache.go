// Package cache keeps what is slow to install for tests, agents from npm and a
// Python environment, in the user's cache folder. Call Folder: it returns a
// folder that build has filled once, for any number of processes at once.
//
// It never deletes a folder that is complete, and never fetches anything itself.
package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// complete is the file that is written last into a folder.
const complete = ".complete"

// Key is a folder's name for contents that depend on these inputs: another
// lock file is another folder.
func Key(inputs ...[]byte) string {
	h := sha256.New()
	for _, input := range inputs {
		fmt.Fprintf(h, "%d\n", len(input))
		h.Write(input)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Root is the folder for one kind of thing below the user's cache folder,
// flowgate/<kind>.
func Root(kind string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fault.New("cache-folder-unknown", "find the user's cache folder: %w", err).
			WithHint("set HOME, or XDG_CACHE_HOME to a folder that you can write")
	}
	return filepath.Join(dir, "flowgate", kind), nil
}

// Folder returns root/key, filled by build. When it is not complete, what is
// there is removed and build is called with the empty folder; it may record
// absolute paths, as the folder stays where it is. Of several callers in any
// processes one builds and the others wait. Faults: cache-unwritable; build's
// own error is returned as it is.
func Folder(ctx context.Context, root, key string, build func(ctx context.Context, dir string) error) (string, error) {
	dir := filepath.Join(root, key)
	if isComplete(dir) {
		return dir, nil
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return "", unwritable(root, err)
	}
	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if isComplete(dir) {
		return dir, nil
	}
	return dir, fill(ctx, dir, build)
}

func fill(ctx context.Context, dir string, build func(context.Context, string) error) error {
	if err := os.RemoveAll(dir); err != nil {
		return unwritable(dir, err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return unwritable(dir, err)
	}
	if err := build(ctx, dir); err != nil {
		return err
	}
	stamp := time.Now().UTC().Format(time.RFC3339) + "\n"
	if err := renameio.WriteFile(filepath.Join(dir, complete), []byte(stamp), 0o600); err != nil {
		return unwritable(dir, err)
	}
	return nil
}

func isComplete(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, complete))
	return err == nil
}

func unwritable(path string, err error) error {
	return fault.New("cache-unwritable", "prepare the cache folder %s: %w", path, err).
		WithHint("make the folder writable, or set XDG_CACHE_HOME to another one")
}
