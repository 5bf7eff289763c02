package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Replace replaces the content old of a file that people edit by the content text, in one
// atomic step that keeps the mode. It keeps old beside the file as NAME.bak-TIME, which it
// makes git ignore, and returns that name. When path is a symbolic link, the link stays and
// its target is replaced. It leaves no backup when nothing changes or the write fails.
// Faults: config-unreadable, backup-failed, write-failed.
func Replace(path string, old, text []byte, now time.Time) (backup string, err error) {
	if bytes.Equal(old, text) {
		return "", nil
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", yamlnode.UnreadableFault(path, err)
	}
	info, err := os.Stat(target)
	if err != nil {
		return "", yamlnode.UnreadableFault(path, err)
	}
	excludeBackups(target)
	backup = target + ".bak-" + now.UTC().Format("20060102T150405Z")
	err = writeNew(backup, old, info.Mode().Perm())
	for n := 2; errors.Is(err, fs.ErrExist); n++ { // another change within the same second
		backup = fmt.Sprintf("%s.bak-%s-%d", target, now.UTC().Format("20060102T150405Z"), n)
		err = writeNew(backup, old, info.Mode().Perm())
	}
	if err != nil {
		return "", fault.New("backup-failed", "back up %s: %w", path, err).WithHint("nothing was changed")
	}
	if err := renameio.WriteFile(target, text, info.Mode().Perm(), renameio.IgnoreUmask()); err != nil {
		_ = os.Remove(backup)
		return "", fault.New("write-failed", "write %s: %w", path,
			err).WithHint("nothing was changed; the folder must be writable")
	}
	return backup, nil
}

// writeNew writes a file that must not exist yet, and syncs it.
func writeNew(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if syncErr := f.Sync(); err == nil {
		err = syncErr
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
