package auth

import (
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// writeFile replaces a file whole: 0600 from its first byte, synced, and under
// a temporary name that CLIProxyAPI's watcher does not load (it begins with a
// dot and does not end in .json). Fault: write-failed.
func writeFile(path string, data []byte) error {
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	var f *renameio.PendingFile
	if err == nil {
		f, err = renameio.NewPendingFile(path, renameio.WithPermissions(0o600), renameio.WithTempDir(filepath.Dir(path)))
	}
	if err != nil {
		return unwritable(path, err)
	}
	defer func() { _ = f.Cleanup() }()
	if _, err = f.Write(data); err == nil {
		err = f.CloseAtomicallyReplace()
	}
	if err != nil {
		return unwritable(path, err)
	}
	return nil
}

func unwritable(path string, err error) error {
	return fault.New("write-failed", "write %s: %w", path, err).
		WithHint("the folder must be writable and the disk not full; nothing was changed")
}
