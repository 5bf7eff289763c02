// Package trust decides what FlowGate may believe. A configuration is obeyed
// when this user said so: Examine compares what it would execute and write with
// the record that Record made. A state file is believed when ReadState finds
// that it is the user's own, and Key.Open that this user's FlowGate wrote it.
//
// Records and the key lie in the user's state folder, outside of every work
// tree. The package executes nothing and writes only to that folder.
//
// It has more than 700 lines because Examine, ReadState and StateDir depend on one
// judgement, which files and folders other users can change (owner.go), and a mistake
// in it opens all three.
package trust

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// Variable names the environment variable that holds the digest of a
// configuration that is trusted without a record, for CI.
const Variable = "FLOWGATE_TRUST"

// ensureStateDir makes a folder below the state folder, 0700, and returns its path.
func ensureStateDir(getenv func(string) string, below ...string) (string, error) {
	base, err := StateDir(getenv)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(append([]string{base}, below...)...)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", unwritable(dir, err)
	}
	if err := isOurs(base); err != nil {
		return "", err
	}
	return dir, nil
}

// isOurs reports as a fault when a folder or file is not the user's alone.
func isOurs(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if why := whyNotOurs(info); why != "" {
		return notYours(path, why)
	}
	return nil
}

func notYours(path, why string) *fault.Error {
	hint := "only you may own it and write to it: chmod go-w it and its folder if they are yours, else work in a folder of your own"
	if uid, foreign := foreignOwner(path); foreign {
		hint = AsOwner(uid) + ", or work in a folder of your own"
	}
	return fault.Usage("not-yours", "%s %s, so it is not believed; nothing was done", path, why).WithHint("%s", hint)
}

// foreignOwner returns the user that a file belongs to, and whether that is
// another one than the user of this process.
func foreignOwner(path string) (uid int, foreign bool) {
	info, err := os.Lstat(path)
	if err != nil {
		return -1, false
	}
	uid, _ = ownerOf(info)
	return uid, uid >= 0 && uid != os.Geteuid()
}

// AsOwner returns the hint to run a command as the user that its files belong to.
func AsOwner(uid int) string {
	name := "'#" + strconv.Itoa(uid) + "'" // what sudo takes for a user without a name
	if known, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		name = known.Username
	}
	return "if it is that user's stack, run the command as that user: sudo -u " + name + " mage …"
}

func unwritable(path string, err error) error {
	return fault.Unwritable("trust-unwritable", path, err, "or set XDG_STATE_HOME to a folder of your own")
}

// RealPath returns path without symbolic links. Of what does not exist yet the part
// that does is resolved.
func RealPath(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	rest := ""
	for dir := abs; ; dir = filepath.Dir(dir) {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return filepath.Join(real, rest)
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return abs
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}

// Place names the folder of an installation's state (config.Paths.Root) in
// records and signatures: the folder that it lies in without symbolic links, and
// its own name. The folder itself may be moved to another disk behind a link.
func Place(root string) string {
	root = filepath.Clean(root)
	return filepath.Join(RealPath(filepath.Dir(root)), filepath.Base(root))
}

// IsWithin reports whether path is dir or lies below it. Both are clean.
func IsWithin(path, dir string) bool {
	return path == dir || dir == "/" || strings.HasPrefix(path, dir+string(filepath.Separator))
}
