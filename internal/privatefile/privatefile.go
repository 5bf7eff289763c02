package privatefile

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// Write replaces a file whole: 0600 from its first byte, synced, and under
// a temporary name that CLIProxyAPI's watcher does not load (it begins with a
// dot and does not end in .json). Fault: write-failed.
func Write(path string, data []byte) error {
	f, err := Begin(path)
	if err != nil {
		return err
	}
	return Finish(f, path, data)
}

// Restore makes a file what it was, mode and time included.
func Restore(path string, data []byte, was os.FileInfo) error {
	if err := Write(path, data); err != nil || was == nil {
		return err
	}
	return errors.Join(os.Chmod(path, was.Mode().Perm()), os.Chtimes(path, was.ModTime(), was.ModTime()))
}

// Begin makes the temporary file, so that what cannot be written is known
// before something is done that cannot be undone.
func Begin(path string) (*renameio.PendingFile, error) {
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	var f *renameio.PendingFile
	if err == nil {
		f, err = renameio.NewPendingFile(path, renameio.WithPermissions(0o600), renameio.WithTempDir(filepath.Dir(path)))
	}
	if err != nil {
		return nil, Unwritable(path, err)
	}
	return f, nil
}

// Finish puts the file in its place, or removes it.
func Finish(f *renameio.PendingFile, path string, data []byte) error {
	defer func() { _ = f.Cleanup() }()
	_, err := f.Write(data)
	if err == nil {
		err = f.CloseAtomicallyReplace()
	}
	if err != nil {
		return Unwritable(path, err)
	}
	return nil
}

func Unwritable(path string, err error) error {
	return fault.New("write-failed", "write %s: %w", path, err).
		WithHint("the folder must be writable and the disk not full; this file was not changed")
}
