package scaffold

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/google/renameio/v2"
)

// writer makes files and folders under dir and can undo that. After its first error it
// makes nothing more.
type writer struct {
	dir    string
	stamp  string // UTC time, for the names of backups
	result Result
	undos  []func() error
	err    error
}

// undo undoes all changes in reverse order.
func (w *writer) undo() error {
	var errs []error
	for _, undo := range slices.Backward(w.undos) {
		errs = append(errs, undo())
	}
	return errors.Join(errs...)
}

// recordCreated records a file or folder that was not there before.
func (w *writer) recordCreated(name string) {
	w.result.Created = append(w.result.Created, name)
	w.undos = append(w.undos, func() error { return os.Remove(filepath.Join(w.dir, name)) })
}

// makeFolder makes one folder. When mode is 0700, it also sets that mode on an existing
// folder on which other users have permissions.
func (w *writer) makeFolder(name string, mode fs.FileMode) {
	if w.err != nil {
		return
	}
	path := filepath.Join(w.dir, name)
	err := os.Mkdir(path, mode)
	if err == nil {
		w.recordCreated(name + "/")
		return
	}
	info, statErr := os.Stat(path)
	if statErr != nil || !info.IsDir() {
		w.err = err
		return
	}
	if old := info.Mode().Perm(); mode == 0o700 && old&0o077 != 0 {
		w.err = os.Chmod(path, mode)
		w.undos = append(w.undos, func() error { return os.Chmod(path, old) })
	}
}

// ensureKey returns the key in .router/secrets/name, and makes it if there is none.
func (w *writer) ensureKey(name string) string {
	if w.err != nil {
		return ""
	}
	name = ".router/secrets/" + name
	key, created, err := keyfile.Ensure(filepath.Join(w.dir, name))
	switch w.err = err; {
	case created:
		w.recordCreated(name)
		w.result.Keys = append(w.result.Keys, name)
	case err == nil && !slices.Contains(w.result.Keys, name) && !slices.Contains(w.result.Kept, name):
		w.result.Kept = append(w.result.Kept, name)
	}
	return key
}

// writeFile writes a file. It first makes a backup of a file that exists with another text
// or mode.
func (w *writer) writeFile(name, text string, mode fs.FileMode) {
	path := filepath.Join(w.dir, name)
	if w.err != nil || hasContent(path, text, mode) {
		return
	}
	backup, err := linkBackup(path, w.stamp)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		w.createFile(name, []byte(text), mode)
		return
	case err != nil:
		w.err = err
		return
	}
	w.result.Backups = append(w.result.Backups, name+strings.TrimPrefix(backup, path))
	w.undos = append(w.undos, func() error { return os.Rename(backup, path) })
	w.err = replaceFile(path, []byte(text), mode)
	w.result.Created = append(w.result.Created, name)
}

// hasContent reports whether a file has this text and mode already.
func hasContent(path, text string, mode fs.FileMode) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != mode {
		return false
	}
	data, err := safefile.Read(path, safefile.DocumentLimit)
	return err == nil && string(data) == text
}

// linkBackup makes a hard link NAME.bak-TIME to a file, with a number after it when a change
// in the same second has that name.
func linkBackup(path, stamp string) (backup string, err error) {
	backup = path + ".bak-" + stamp
	err = os.Link(path, backup)
	for n := 2; errors.Is(err, fs.ErrExist); n++ {
		backup = fmt.Sprintf("%s.bak-%s-%d", path, stamp, n)
		err = os.Link(path, backup)
	}
	return backup, err
}

// replaceFile replaces the file at path by data with mode; renameio.WriteFile would keep the
// old file's mode.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(mode), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// createFile writes a file that must not exist yet.
func (w *writer) createFile(name string, data []byte, mode fs.FileMode) {
	f, err := os.OpenFile(filepath.Join(w.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		w.err = err
		return
	}
	w.recordCreated(name)
	_, err = f.Write(data)
	w.err = errors.Join(err, f.Sync(), f.Close())
}

// appendIgnore appends to the .gitignore name the lines that it does not have in any common
// spelling; everything else stays byte for byte.
func (w *writer) appendIgnore(name string, lines ...string) {
	if w.err != nil {
		return
	}
	path := filepath.Join(w.dir, name)
	old, err := safefile.Read(path, safefile.DocumentLimit)
	isMissing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !isMissing {
		w.err = err
		return
	}
	text := appendMissing(old, lines)
	switch {
	case isMissing:
		w.createFile(name, text, 0o644)
	case !bytes.Equal(old, text):
		w.undos = append(w.undos, func() error { return renameio.WriteFile(path, old, 0o644) })
		w.err = renameio.WriteFile(path, text, 0o644) // keeps the file's mode
	}
}

// AppendIgnore appends to the .gitignore at path the lines that it does not have in any
// common spelling, and reports whether there were any; everything else stays byte for byte.
func AppendIgnore(path string, lines ...string) (changed bool, err error) {
	old, err := safefile.Read(path, safefile.DocumentLimit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	text := appendMissing(old, lines)
	if bytes.Equal(old, text) {
		return false, nil
	}
	return true, renameio.WriteFile(path, text, 0o644) // keeps the mode of an existing file
}

// appendMissing returns old with the lines appended that it does not have; spaces and slashes
// around a line do not matter.
func appendMissing(old []byte, lines []string) []byte {
	trim := func(line string) string { return strings.Trim(strings.TrimSpace(line), "/") }
	existing := map[string]bool{}
	for line := range strings.Lines(string(old)) {
		existing[trim(line)] = true
	}
	newline := "\n"
	if bytes.Contains(old, []byte("\r\n")) {
		newline = "\r\n"
	}
	text := slices.Clone(old)
	for _, line := range lines {
		if existing[trim(line)] {
			continue
		}
		if len(text) > 0 && text[len(text)-1] != '\n' {
			text = append(text, newline...)
		}
		text = append(text, line+newline...)
	}
	return text
}
