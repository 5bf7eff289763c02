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
	path   string // real path: that of the target of a symbolic link
	text   []byte
	exists bool
	mode   os.FileMode
}

// readFile reads a client's file. One behind a symbolic link (dotfiles are often linked)
// is read and later written through it, when it is the user's own and below HOME. Faults:
// client-file-foreign, client-file-unreadable.
func readFile(path string, getenv func(string) string) (content, error) {
	c := content{path: path, mode: 0o600}
	real, err := filepath.EvalSymlinks(path)
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
	isInside := func(dir string) bool { return trust.IsWithin(real, trust.RealPath(dir)) }
	if real != path && !isInside(getenv("HOME")) && !isInside(filepath.Dir(path)) {
		return c, foreignFault(path, "leads out of your home folder, to "+real)
	}
	info, err := os.Stat(real)
	if err != nil {
		return c, unreadableFault(path, err)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Geteuid() {
		return c, foreignFault(path, "belongs to another user")
	}
	if info.Mode().Perm()&0o200 == 0 {
		return c, foreignFault(path, "is read-only")
	}
	c.path, c.exists, c.mode = real, true, info.Mode().Perm()
	c.text, err = safefile.Read(real, edit.MaxSize)
	if err != nil {
		return c, unreadableFault(path, err)
	}
	return c, nil
}

func unreadableFault(path string, err error) error {
	return fault.New("client-file-unreadable", "read %s: %s", path, safefile.Reason(err)).
		WithHint("nothing was changed")
}

func foreignFault(path, why string) error {
	return fault.New("client-file-foreign", "%s %s", path, why).
		WithHint("nothing was changed; client:setup -print shows what to write there by hand")
}

// replace writes text in the place of the file, whole and synced, with the mode that it
// has. It fails when somebody has changed the file since it was read. Fault: write-failed,
// client-file-busy.
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
