// Package trust decides which files FlowGate acts on. It obeys a configuration that this
// user allowed: Examine compares what the configuration would execute, write and send
// with the record that WriteRecord made. It uses a state file when only this user can
// change it (ReadState) and this user's FlowGate signed it (Key.Open).
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
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/ownfile"
)

// DigestVariable names the environment variable that holds the digest of a
// configuration that is trusted without a record, for CI.
const DigestVariable = "FLOWGATE_TRUST"

// ensureStateDir makes the folder below in the user's state folder, mode 0700, and returns
// its path.
func ensureStateDir(getenv func(string) string, below ...string) (string, error) {
	base, err := StateDir(getenv)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(append([]string{base}, below...)...)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", unwritableFault(dir, err)
	}
	if err := checkOwn(base); err != nil {
		return "", err
	}
	return dir, nil
}

// checkOwn returns a fault when other users own or can write a folder or file.
func checkOwn(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if why := ownfile.WhyNotOwn(info); why != "" {
		return ownfile.Fault(path, why)
	}
	return nil
}

// unwritableFault returns the fault trust-unwritable for a path.
func unwritableFault(path string, err error) error {
	return fault.Unwritable("trust-unwritable", path, err, "or set XDG_STATE_HOME to a folder of your own")
}

// RealPath returns path with all symbolic links resolved. When the end of path does not
// exist, the part that exists is resolved.
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

// Place returns the path by which records and signatures name the folder of an
// installation's state (config.Paths.Root): links are resolved in the folders above it,
// but not in its own name, so that it can be moved to another disk behind a link.
func Place(root string) string {
	root = filepath.Clean(root)
	return filepath.Join(RealPath(filepath.Dir(root)), filepath.Base(root))
}

// IsWithin reports whether path is dir or lies below it. Both must be clean.
func IsWithin(path, dir string) bool {
	return path == dir || dir == "/" || strings.HasPrefix(path, dir+string(filepath.Separator))
}
