package client

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// content is a client's file as it was read.
type content struct {
	path   string // of the file itself, or of the target when it is a symbolic link
	text   []byte
	exists bool
	mode   os.FileMode
}

// readFile reads a client's file. The target of a symbolic link (dotfiles are often linked) is
// read and later written in place when it is the user's own, and below HOME or the link's
// folder. Faults: client-file-foreign, client-file-unreadable.
func readFile(path string, getenv func(string) string) (content, error) {
	c := content{path: path, mode: 0o600}
	resolved, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(path); err == nil {
			return c, fault.New("client-file-unreadable", "%s is a symbolic link to a file that is not there", path).
				WithHint("remove the link, or put the file back")
		}
		return c, nil
	}
	if err != nil {
		return c, unreadableFault(path, err)
	}
	isInside := func(dir string) bool { return trust.IsWithin(resolved, trust.RealPath(dir)) }
	if resolved != path && !isInside(getenv("HOME")) && !isInside(filepath.Dir(path)) {
		return c, foreignFault(path, "leads out of your home folder, to "+resolved)
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return c, unreadableFault(path, err)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Geteuid() {
		return c, foreignFault(path, "belongs to another user")
	}
	if info.Mode().Perm()&0o200 == 0 {
		return c, foreignFault(path, "is read-only")
	}
	c.path, c.exists, c.mode = resolved, true, info.Mode().Perm()
	c.text, err = safefile.Read(resolved, edit.MaxSize)
	if err != nil {
		return c, unreadableFault(path, err)
	}
	return c, nil
}

// unreadableFault returns the fault client-file-unreadable.
func unreadableFault(path string, err error) error {
	return fault.New("client-file-unreadable", "read %s: %s", path, safefile.Reason(err)).
		WithHint("nothing was changed")
}

// foreignFault returns the fault client-file-foreign; why is a predicate, "is read-only".
func foreignFault(path, why string) error {
	return fault.New("client-file-foreign", "%s %s", path, why).
		WithHint("nothing was changed; client:run starts most clients without a change of their files")
}

// replace replaces the file by text atomically, with the file's mode. It fails when the file was
// changed since it was read. Faults: write-failed, client-file-busy, client-file-unreadable.
func (c content) replace(text []byte) error {
	now, err := os.ReadFile(c.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unreadableFault(c.path, err)
	}
	if (err == nil) != c.exists || string(now) != string(c.text) {
		return fault.New("client-file-busy", "%s was changed by another program just now", c.path).
			WithHint("close the program and try again; nothing was written")
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
		return fault.Unwritable("write-failed", c.path, err, "nothing was changed")
	}
	err = renameio.WriteFile(c.path, text, c.mode, renameio.IgnoreUmask(), renameio.WithTempDir(filepath.Dir(c.path)))
	if err != nil {
		return fault.Unwritable("write-failed", c.path, err, "nothing was changed")
	}
	return nil
}

// remove deletes a file that Setup has created.
func (c content) remove() error {
	if err := os.Remove(c.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Unwritable("write-failed", c.path, err, "remove it by hand")
	}
	return nil
}
