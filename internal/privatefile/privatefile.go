// Package privatefile replaces files that hold secrets: whole, with mode 0600 from
// the first byte, and synced. Write is for most callers; Begin and Finish are for
// those that must know beforehand that the file can be written.
package privatefile

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// Write replaces the file at path and makes its folder (0700) if it is missing.
// Until it is complete the new file has a temporary name that CLIProxyAPI does not
// load: it begins with a dot and does not end in .json. Fault: write-failed.
func Write(path string, data []byte) error {
	f, err := Begin(path)
	if err != nil {
		return err
	}
	return Finish(f, path, data)
}

// Restore writes the old content of a file with its old mode and time; info is nil
// when those are unknown.
func Restore(path string, data []byte, info os.FileInfo) error {
	if err := Write(path, data); err != nil || info == nil {
		return err
	}
	return errors.Join(os.Chmod(path, info.Mode().Perm()), os.Chtimes(path, info.ModTime(), info.ModTime()))
}

// Begin creates the temporary file for Finish, so that an unwritable folder is
// known before anything is done that cannot be undone. Fault: write-failed.
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

// Finish writes data and replaces the file at path. If it fails, the temporary file
// is removed and the old file is unchanged. Fault: write-failed.
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

// Unwritable returns the fault write-failed for a file that err prevented from
// being written.
func Unwritable(path string, err error) error {
	return fault.Unwritable("write-failed", path, err, "this file was not changed")
}
