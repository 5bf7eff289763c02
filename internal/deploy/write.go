package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// States of a file in a folder.
const (
	Written   = "written"   // it is new, or replaces an older one
	Unchanged = "unchanged" // it was there already
	Removed   = "removed"   // an earlier rendering wrote it, this one has no such file
	Kept      = "kept"      // the same, but it was edited
)

// folder is a folder of a deployment. All access is through a root, so that no link leads out of it.
type folder struct {
	path string
	root *os.Root
	old  index // of the rendering that is there; empty for none
}

// openFolder opens the folder at path. Faults: deploy-folder-unreadable.
func openFolder(path string) (*folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, unreadableFault(path, err)
	}
	f := &folder{path: path, root: root}
	text, err := f.read(IndexFile)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &f.old)
	}
	if err == nil && f.old.Schema != indexSchema {
		err = fmt.Errorf("its schema is %q, this program knows %s", f.old.Schema, indexSchema)
	}
	if err != nil {
		_ = root.Close()
		return nil, unreadableFault(filepath.Join(path, IndexFile), err)
	}
	return f, nil
}

// unreadableFault returns the fault deploy-folder-unreadable.
func unreadableFault(path string, err error) error {
	return fault.New("deploy-folder-unreadable", "read %s: %w", path, err).
		WithHint("name another folder, or move what is there away")
}

// read returns the content of a file of the folder. A pipe or a device is never read.
func (f *folder) read(name string) (string, error) {
	info, err := f.root.Stat(filepath.FromSlash(name))
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: safefile.ErrNotRegular}
	}
	if err == nil && info.Size() > safefile.DocumentLimit {
		err = &fs.PathError{Op: "open", Path: name, Err: safefile.ErrTooLarge}
	}
	if err != nil {
		return "", err
	}
	text, err := f.root.ReadFile(filepath.FromSlash(name))
	return string(text), err
}

// isOurs reports whether a file is as an earlier rendering wrote it.
func (f *folder) isOurs(name, content string) bool { return f.old.Files[name] == digest(content) }

// Write writes the rendering into a folder, which it makes if it is missing, each file whole and synced.
// It replaces and removes only files that an earlier rendering wrote and nobody has edited, unless force is
// set; nothing is written when there are others. Faults: deploy-file-foreign, deploy-folder-unreadable,
// write-failed.
func (r Rendering) Write(dir string, force bool) (Result, error) {
	files, err := r.withIndex()
	if err != nil {
		return Result{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the files hold no secret and are to be shared
		return Result{}, fault.Unwritable("write-failed", dir, err, "nothing was written")
	}
	f, err := openFolder(dir)
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = f.root.Close() }()
	if foreign := f.findForeign(files); len(foreign) > 0 && !force {
		return Result{}, fault.Usage("deploy-file-foreign",
			"%s has files that FlowGate did not write, or that were edited: %s; "+
				"nothing was written", dir, strings.Join(foreign, ", ")).
			WithHint("-force replaces them; another folder keeps them").WithDetail(foreign)
	}
	result := r.result(dir)
	for _, file := range files {
		state, err := f.write(file)
		if err != nil {
			return Result{}, fault.Unwritable("write-failed", filepath.Join(dir, file.Path), err, "run the command again")
		}
		result.add(file, state)
	}
	return f.removeOthers(result, files)
}

// findForeign returns the paths of files that would be replaced and are not ours.
func (f *folder) findForeign(files []File) (foreign []string) {
	for _, file := range files {
		content, err := f.read(file.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && content == file.Content,
			err == nil && f.isOurs(file.Path, content):
		case file.Path == IndexFile && err == nil && f.old.Schema != "":
		default:
			foreign = append(foreign, file.Path)
		}
	}
	return foreign
}

// write writes one file and returns its state.
func (f *folder) write(file File) (string, error) {
	name := filepath.FromSlash(file.Path)
	if content, err := f.read(file.Path); err == nil && content == file.Content {
		return Unchanged, f.root.Chmod(name, file.Mode)
	}
	if dir := path.Dir(file.Path); dir != "." {
		if err := f.root.MkdirAll(filepath.FromSlash(dir), 0o755); err != nil {
			return "", err
		}
	}
	pending := filepath.Join(filepath.Dir(name), ".new-"+filepath.Base(name))
	if err := f.writeNew(pending, file); err != nil {
		return "", errors.Join(err, ignoreMissing(f.root.Remove(pending)))
	}
	return Written, f.root.Rename(pending, name)
}

// writeNew writes a file under the name of a pending one, and syncs it.
func (f *folder) writeNew(pending string, file File) error {
	if err := ignoreMissing(f.root.Remove(pending)); err != nil {
		return err
	}
	out, err := f.root.OpenFile(pending, os.O_WRONLY|os.O_CREATE|os.O_EXCL, file.Mode)
	if err != nil {
		return err
	}
	_, err = out.WriteString(file.Content)
	return errors.Join(err, out.Chmod(file.Mode), out.Sync(), out.Close()) // the umask does not decide the mode
}

// ignoreMissing returns err unless it says that a file does not exist.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// removeOthers removes the files of the earlier rendering that this one does not have.
func (f *folder) removeOthers(result Result, files []File) (Result, error) {
	for _, name := range slices.Sorted(maps.Keys(f.old.Files)) {
		if slices.ContainsFunc(files, func(file File) bool { return file.Path == name }) {
			continue
		}
		content, err := f.read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil || !f.isOurs(name, content):
			result.add(File{Path: name}, Kept)
			continue
		}
		if err := f.root.Remove(filepath.FromSlash(name)); err != nil {
			return result, fault.Unwritable("write-failed", filepath.Join(f.path, name), err, "remove it yourself")
		}
		result.add(File{Path: name}, Removed)
	}
	return result, nil
}

// digest returns the SHA-256 of a text in hexadecimal digits.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
