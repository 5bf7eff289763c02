package trust

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// ownerOf returns the user that a file belongs to, and its group.
func ownerOf(info fs.FileInfo) (uid, gid int) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1, -1
	}
	return int(st.Uid), int(st.Gid)
}

// whyNotOurs says why a state file or folder is not the user's alone, "" when it is.
func whyNotOurs(info fs.FileInfo) string {
	uid, _ := ownerOf(info)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return "is a symbolic link"
	case uid != os.Geteuid():
		return fmt.Sprintf("belongs to user %d", uid)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Sprintf("can be written by others (mode %04o)", info.Mode().Perm())
	}
	return ""
}

// readOwn reads a file that is the user's alone, at most limit bytes of it.
// Fault: not-yours; an error of the file system comes as it is.
func readOwn(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0) // a pipe must not make us wait
	if errors.Is(err, syscall.ELOOP) {
		return nil, notYours(path, "is a symbolic link")
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: safefile.ErrNotRegular}
	}
	if why := whyNotOurs(info); why != "" {
		return nil, notYours(path, why)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fault.New("state-untrusted", "%s is larger than %d bytes, so it is not read as state", path, limit).
			WithHint("move it away; FlowGate begins a new one")
	}
	return data, nil
}

// ReadState reads a file that is state of the installation whose folder root
// is (config.Paths.Root): the file and every folder from it up to root belong to
// the user, are no links (root itself may be one) and cannot be written by
// others; the folders above cannot be replaced by others. A file that does not exist is fs.ErrNotExist.
// Faults: not-yours, state-untrusted for one larger than limit.
func ReadState(root, path string, limit int64) ([]byte, error) {
	if err := CheckFolders(root, filepath.Dir(path)); err != nil {
		return nil, err
	}
	return readOwn(path, limit)
}

// stateFiles are the files and folders of an installation that are read as state,
// below its root.
var stateFiles = [...]string{
	"secrets", "secrets/gateway.key", "secrets/upstream.key", "secrets/management.key", "secrets/generation.key",
	"auths", "store", "cache", "generations", "generations/current", "generations/pins.json", "generations/.lock",
	"generations/pending", "generations/pending/journal.json",
}

// runtimeFiles are those in its runtime folder.
var runtimeFiles = [...]string{
	"supervisor.json", "supervisor.lock", "start.lock", "profile.lock", "supervisor.log", "state.json", "litellm.active.yaml", "events.log", "process-logs",
}

// CheckState reports as a fault when a folder or file of an installation's state
// is not the user's alone. What does not exist yet is accepted. Fault: not-yours.
func CheckState(cfg *config.Config) error {
	root := cfg.Paths.Root()
	if err := CheckFolders(root, cfg.Paths.RuntimeDir); err != nil {
		return err
	}
	for _, name := range stateFiles {
		if err := absentOrOurs(filepath.Join(root, name)); err != nil {
			return err
		}
	}
	for _, name := range runtimeFiles {
		if err := absentOrOurs(filepath.Join(cfg.Paths.RuntimeDir, name)); err != nil {
			return err
		}
	}
	return nil
}

// absentOrOurs lets through what cannot be looked at: whoever reads it says so.
func absentOrOurs(path string) error {
	var foreign *fault.Error
	if errors.As(isOurs(path), &foreign) {
		return foreign
	}
	return nil
}

// CheckFolders reports as a fault when dir, or a folder between it and root, is
// not the user's alone, or when others could replace a folder above root. What
// does not exist is nobody else's. Fault: not-yours.
func CheckFolders(root, dir string) error {
	root, dir = filepath.Clean(root), filepath.Clean(dir)
	if !IsWithin(dir, root) { // a path of its own outside of the installation's folder
		root = dir
	}
	for at := dir; ; at = filepath.Dir(at) {
		err := isOurs(at)
		if at == root && isLink(at) {
			err = linkIsOurs(at)
		}
		var foreign *fault.Error
		if errors.As(err, &foreign) {
			return foreign
		}
		if at == root {
			if err := checkAbove(filepath.Dir(Place(root))); err != nil {
				return err
			}
			return checkAbove(filepath.Dir(RealPath(root)))
		}
	}
}

// linkIsOurs reports as a fault when a link, or the folder that it leads to, is
// not the user's alone. Only an installation's folder itself may be a link.
func linkIsOurs(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if uid, _ := ownerOf(info); uid != os.Geteuid() {
		return notYours(path, fmt.Sprintf("is a link of user %d", uid))
	}
	return isOurs(RealPath(path))
}

// CheckOwner reports as a fault when a folder, or the one that it is a link to,
// belongs to another user, whatever its mode. Fault: not-yours.
func CheckOwner(path string) error {
	for _, stat := range [...]func(string) (fs.FileInfo, error){os.Lstat, os.Stat} {
		info, err := stat(path)
		if err != nil {
			return err
		}
		if uid, _ := ownerOf(info); uid != os.Geteuid() {
			return notYours(path, fmt.Sprintf("belongs to user %d", uid))
		}
	}
	return nil
}

// CheckOwners reports as a fault when a folder that an installation keeps its
// state in, or the one that they lie in, belongs to another user, whatever the
// modes are: for what puts modes right. Fault: not-yours.
func CheckOwners(cfg *config.Config) error {
	for _, dir := range [...]string{Folder(cfg), cfg.Paths.Root(), cfg.Paths.RuntimeDir} {
		if err := CheckOwner(dir); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return err
		}
	}
	return nil
}

// CheckPlace reports as a fault when others could put another folder in the
// place of root, the folder of an installation's state, which need not be there
// yet. Fault: not-yours.
func CheckPlace(root string) error { return checkAbove(filepath.Dir(Place(root))) }

// checkAbove reports as a fault when others can replace a folder from dir up to
// the user's home or the first folder of root's. Fault: not-yours.
func checkAbove(dir string) error {
	if at, why := findReplaceable(dir); why != "" {
		return notYours(at, why)
	}
	return nil
}

// findReplaceable returns the first folder that others can replace, from dir up
// to the user's home or the first folder of root's, and why; "" when there is none.
func findReplaceable(dir string) (at, why string) {
	home := RealPath(os.Getenv("HOME"))
	for at = dir; ; at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err == nil {
			if why = whyReplaceable(info); why != "" {
				return at, why
			}
			if uid, _ := ownerOf(info); uid == 0 && os.Geteuid() != 0 {
				return "", ""
			}
		}
		if at == home || at == filepath.Dir(at) {
			return "", ""
		}
	}
}

// whyReplaceable says why others can put another folder in the place of one in
// this folder, "" when they cannot. In a sticky folder, as /tmp is, only an
// owner can. The group of that name that many systems give each user alone
// (same number as the user) is the user.
func whyReplaceable(info fs.FileInfo) string {
	uid, gid := ownerOf(info)
	mode := info.Mode()
	open := mode.Perm() & 0o022
	if open == 0o020 && gid == os.Geteuid() && gid != 0 || uid == 0 && os.Geteuid() != 0 {
		open &= 0o002 // what the administrator lets a group do is the administrator's word
	}
	switch {
	case uid != os.Geteuid() && uid != 0:
		return fmt.Sprintf("belongs to user %d", uid)
	case open != 0 && mode&fs.ModeSticky == 0:
		return fmt.Sprintf("can be written by others (mode %04o)", mode.Perm())
	}
	return ""
}

// whySourceForeign says why a configuration file may be another's word, "" when
// it is the user's own or root's.
func whySourceForeign(path string) string {
	real := RealPath(path)
	info, err := os.Lstat(real)
	if err != nil {
		return ""
	}
	if why := whyReplaceable(info); why != "" {
		return path + " " + why
	}
	if at, why := findReplaceable(filepath.Dir(real)); why != "" {
		return at + " " + why
	}
	return ""
}
