package trust

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/ownfile"
)

// ReadState reads a state file of the installation in root (config.Paths.Root). This user
// must own the file and every folder from it up to root, others must not be able to write
// them, and none but root may be a link; others must not be able to replace a folder above
// root. For a missing file the error is fs.ErrNotExist. Faults: not-yours, state-untrusted
// for a file larger than limit bytes.
func ReadState(root, path string, limit int64) ([]byte, error) {
	if err := CheckFolders(root, filepath.Dir(path)); err != nil {
		return nil, err
	}
	return ownfile.Read(path, limit)
}

// stateFiles lists the files and folders below an installation's root that FlowGate reads
// as state.
var stateFiles = [...]string{
	"secrets", "secrets/gateway.key", "secrets/upstream.key", "secrets/management.key", "secrets/generation.key",
	"secrets/client-keys.json", "secrets/client-spend.json", "secrets/client-keys.lock",
	"auths", "store", "cache", "generations", "generations/current", "generations/pins.json", "generations/.lock",
	"generations/pending", "generations/pending/journal.json",
}

// runtimeFiles lists the state files in the runtime folder.
var runtimeFiles = [...]string{
	"supervisor.json", "supervisor.lock", "start.lock", "profile.lock", "supervisor.log", "state.json",
	"litellm.active.yaml", "events.log", "process-logs",
}

// CheckState returns a fault when other users own or can write a folder or file of an
// installation's state. Files that do not exist are accepted. Fault: not-yours.
func CheckState(cfg *config.Config) error {
	root := cfg.Paths.Root()
	if err := CheckFolders(root, cfg.Paths.RuntimeDir); err != nil {
		return err
	}
	for _, name := range stateFiles {
		if err := CheckOwnIfPresent(filepath.Join(root, name)); err != nil {
			return err
		}
	}
	for _, name := range runtimeFiles {
		if err := CheckOwnIfPresent(filepath.Join(cfg.Paths.RuntimeDir, name)); err != nil {
			return err
		}
	}
	return nil
}

// CheckOwnIfPresent does what checkOwn does, and ignores errors of the file system: the
// code that reads the file reports them.
func CheckOwnIfPresent(path string) error {
	var foreign *fault.Error
	if errors.As(checkOwn(path), &foreign) {
		return foreign
	}
	return nil
}

// CheckFolders returns a fault when other users own or can write dir or a folder between
// it and root, or when they could replace a folder above root. Folders that do not exist
// are accepted. Fault: not-yours.
func CheckFolders(root, dir string) error {
	root, dir = filepath.Clean(root), filepath.Clean(dir)
	if !IsWithin(dir, root) { // the configuration names a folder outside of the installation
		root = dir
	}
	for at := dir; ; at = filepath.Dir(at) {
		err := checkOwn(at)
		if at == root && isLink(at) {
			err = checkOwnLink(at)
		}
		var foreign *fault.Error
		if errors.As(err, &foreign) {
			return foreign
		}
		if at == root {
			place, target := filepath.Dir(Place(root)), filepath.Dir(RealPath(root))
			if err := checkFoldersAbove(place); err != nil || target == place { // they differ when root is a link
				return err
			}
			return checkFoldersAbove(target)
		}
	}
}

// checkOwnLink returns a fault when another user owns a link, or owns or can write the
// folder that it leads to. Only root, the installation's folder, may be a link.
func checkOwnLink(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if uid, _ := ownfile.Owner(info); uid != os.Geteuid() {
		return ownfile.Fault(path, fmt.Sprintf("is a link of user %d", uid))
	}
	return checkOwn(RealPath(path))
}

// CheckOwner returns a fault when another user owns a folder or, for a link, the folder
// that it leads to. Modes are not checked. Fault: not-yours.
func CheckOwner(path string) error {
	for _, stat := range [...]func(string) (fs.FileInfo, error){os.Lstat, os.Stat} {
		info, err := stat(path)
		if err != nil {
			return err
		}
		if uid, _ := ownfile.Owner(info); uid != os.Geteuid() {
			return ownfile.Fault(path, fmt.Sprintf("belongs to user %d", uid))
		}
	}
	return nil
}

// CheckOwners returns a fault when another user owns the folder of an installation or a
// folder of its state. Modes are not checked, so that commands which repair modes can
// call it. Fault: not-yours.
func CheckOwners(cfg *config.Config) error {
	for _, dir := range [...]string{Folder(cfg), cfg.Paths.Root(), cfg.Paths.RuntimeDir} {
		if err := CheckOwner(dir); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return err
		}
	}
	return nil
}

// CheckReplaceable returns a fault when other users could put a folder of theirs in the
// place of root, the folder of an installation's state. root need not exist. Fault:
// not-yours.
func CheckReplaceable(root string) error { return checkFoldersAbove(filepath.Dir(Place(root))) }

// checkFoldersAbove returns a fault when other users can replace a folder, from dir up to
// the user's home or the first folder that root owns. Fault: not-yours.
func checkFoldersAbove(dir string) error {
	if at, why := findReplaceable(dir); why != "" {
		return ownfile.Fault(at, why)
	}
	return nil
}

// findReplaceable returns the first folder in which other users can replace what lies
// there, from dir up to the user's home or the first folder that root owns, and why; ""
// when there is none.
func findReplaceable(dir string) (at, why string) {
	home := RealPath(os.Getenv("HOME"))
	for at = dir; ; at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err == nil {
			if why = whyReplaceable(info); why != "" {
				return at, why
			}
			if uid, _ := ownfile.Owner(info); uid == 0 && os.Geteuid() != 0 {
				return "", ""
			}
		}
		if at == home || at == filepath.Dir(at) {
			return "", ""
		}
	}
}

// whyReplaceable returns why other users can replace what lies in a folder, or the content
// of a file; "" when they cannot. In a sticky folder such as /tmp only the owner of an
// entry can replace it. A group with the number of the user counts as the user: many
// systems give each user such a group.
func whyReplaceable(info fs.FileInfo) string {
	uid, gid := ownfile.Owner(info)
	mode := info.Mode()
	open := mode.Perm() & 0o022
	if open == 0o020 && gid == os.Geteuid() && gid != 0 || uid == 0 && os.Geteuid() != 0 {
		open &= 0o002 // root may let a group write: root is trusted
	}
	switch {
	case uid != os.Geteuid() && uid != 0:
		return fmt.Sprintf("belongs to user %d", uid)
	case open != 0 && mode&fs.ModeSticky == 0:
		return fmt.Sprintf("can be written by others (mode %04o)", mode.Perm())
	}
	return ""
}

// whyConfigForeign returns why another user may have written a configuration file, and which file or
// folder lets them; "" when only this user or root can.
func whyConfigForeign(path string) (at, why string) {
	real := RealPath(path)
	info, err := os.Lstat(real)
	if err != nil {
		return "", ""
	}
	if why := whyReplaceable(info); why != "" {
		return path, why
	}
	return findReplaceable(filepath.Dir(real))
}
