package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// Current returns the active install of a runtime; ok is false when none is.
func Current(cfg *config.Config, name string) (in Install, ok bool) {
	dir := Dir(cfg, name)
	folder := activeFolder(dir)
	if folder == "" {
		return Install{}, false
	}
	return readInstall(filepath.Join(dir, folder))
}

// Find returns the newest install of a version. Fault: version-not-installed.
func Find(cfg *config.Config, name, version string) (Install, error) {
	list, err := listInstalls(Dir(cfg, name))
	if err != nil {
		return Install{}, err
	}
	for _, in := range slices.Backward(list) {
		if in.Version == version {
			return in, nil
		}
	}
	return Install{}, fault.New("version-not-installed", "%s %s is not installed", name, version).
		WithHint("mage bootstrap %s -version=%s installs it; mage bootstrap:list shows what is there", name, version)
}

// FindFolder returns the install with this folder name, as from Install.Folder. Fault:
// version-not-installed.
func FindFolder(cfg *config.Config, name, folder string) (Install, error) {
	list, err := listInstalls(Dir(cfg, name))
	if err != nil {
		return Install{}, err
	}
	for _, in := range list {
		if in.Folder() == folder {
			return in, nil
		}
	}
	version, _, _ := cutLast(folder, '-')
	return Install{}, fault.New("version-not-installed", "%s %s is no longer in the store as %s", name, version, folder).
		WithHint("mage bootstrap %s -version=%s installs it again, if its source still has the same files", name, version)
}

// cutLast is strings.Cut around the last occurrence of a byte.
func cutLast(s string, separator byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, separator); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// Activate makes services run another install from their next start on, in one atomic step;
// folder is its Install.Folder, "" for none. Faults: version-not-installed, store-unwritable.
func Activate(cfg *config.Config, name, folder string) error {
	dir := Dir(cfg, name)
	link := filepath.Join(dir, currentName)
	if folder == "" {
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unwritableFault(link, err)
		}
		return syncDir(dir)
	}
	if _, err := FindFolder(cfg, name, folder); err != nil {
		return err
	}
	if err := renameio.Symlink(folder, link); err != nil {
		return unwritableFault(link, err)
	}
	return syncDir(dir)
}

// ActiveFolder returns the folder name of a runtime's active install, "" for none. The
// folder need not exist.
func ActiveFolder(cfg *config.Config, name string) string { return activeFolder(Dir(cfg, name)) }

// activeFolder returns the name of the folder in dir, a runtime's folder, that the link
// current names; "" for none.
func activeFolder(dir string) string {
	target, err := os.Readlink(filepath.Join(dir, currentName))
	if err != nil || target != filepath.Base(target) || strings.HasPrefix(target, ".") {
		return "" // there is no link, or FlowGate did not make it
	}
	return target
}

// Pin pins a runtime to a version, so that updates do not change it; "" removes the pin.
// Fault: store-unwritable.
func Pin(cfg *config.Config, name, version string) error {
	dir := Dir(cfg, name)
	path := filepath.Join(dir, "pin")
	if version == "" {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unwritableFault(path, err)
		}
		return nil
	}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = renameio.WriteFile(path, []byte(version+"\n"), 0o600)
	}
	if err != nil {
		return unwritableFault(path, err)
	}
	return nil
}

// PinnedVersion returns the version that a runtime is pinned to, "" for none.
func PinnedVersion(cfg *config.Config, name string) string { return pinnedVersion(Dir(cfg, name)) }

// pinnedVersion returns the version that the file pin in a runtime's folder has.
func pinnedVersion(dir string) string {
	data, err := trust.ReadState(filepath.Dir(filepath.Dir(dir)), filepath.Join(dir, "pin"), 4<<10)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// syncDir syncs a folder, so that renames and removals in it survive a power failure. A
// folder that does not exist is not an error. Fault: store-unwritable.
func syncDir(dir string) error {
	err := safefile.SyncDir(dir)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return unwritableFault(dir, err)
}

// unwritableFault returns the fault store-unwritable for a failed write.
func unwritableFault(path string, err error) error {
	return fault.Unwritable("store-unwritable", path, err, "nothing was installed and no running service was touched")
}
