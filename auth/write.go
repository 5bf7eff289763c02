package auth

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// writeFile replaces a file whole: 0600 from its first byte, synced, and under
// a temporary name that CLIProxyAPI's watcher does not load (it begins with a
// dot and does not end in .json). Fault: write-failed.
func writeFile(path string, data []byte) error {
	f, err := begin(path)
	if err != nil {
		return err
	}
	return finish(f, path, data)
}

// restoreFile makes a file what it was, mode and time included.
func restoreFile(path string, data []byte, was os.FileInfo) error {
	if err := writeFile(path, data); err != nil || was == nil {
		return err
	}
	return errors.Join(os.Chmod(path, was.Mode().Perm()), os.Chtimes(path, was.ModTime(), was.ModTime()))
}

// begin makes the temporary file, so that what cannot be written is known
// before something is done that cannot be undone.
func begin(path string) (*renameio.PendingFile, error) {
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	var f *renameio.PendingFile
	if err == nil {
		f, err = renameio.NewPendingFile(path, renameio.WithPermissions(0o600), renameio.WithTempDir(filepath.Dir(path)))
	}
	if err != nil {
		return nil, unwritable(path, err)
	}
	return f, nil
}

// finish puts the file in its place, or removes it.
func finish(f *renameio.PendingFile, path string, data []byte) error {
	defer func() { _ = f.Cleanup() }()
	_, err := f.Write(data)
	if err == nil {
		err = f.CloseAtomicallyReplace()
	}
	if err != nil {
		return unwritable(path, err)
	}
	return nil
}

func unwritable(path string, err error) error {
	return fault.New("write-failed", "write %s: %w", path, err).
		WithHint("the folder must be writable and the disk not full; this file was not changed")
}
