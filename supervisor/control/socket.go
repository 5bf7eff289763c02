package control

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// MaxSocketPath is the length in bytes of the longest socket path that fits on every
// supported system (sun_path has 104 bytes with the NUL on macOS, 108 on Linux).
const MaxSocketPath = 103

// shortDir holds the sockets of runtime folders with long paths. It is not
// os.TempDir: commands with another TMPDIR must find the same socket.
const shortDir = "/tmp"

// SocketPath returns the path of the control socket: in the runtime folder, or, when that
// path is too long for a socket, at a short one derived from it.
func SocketPath(runtimeDir string) string {
	path := filepath.Join(runtimeDir, "supervisor.sock")
	if len(path) <= MaxSocketPath {
		return path
	}
	return shortSocketPath(runtimeDir)
}

// shortSocketPath returns the path of a control socket outside its runtime folder.
func shortSocketPath(runtimeDir string) string {
	sum := sha256.Sum256([]byte(runtimeDir))
	return filepath.Join(shortDir, "flowgate-"+strconv.Itoa(os.Geteuid()), hex.EncodeToString(sum[:8])+".sock")
}

// PrepareSocketPath returns SocketPath after it made and checked the socket's folder.
// Outside the runtime folder, that is a folder in /tmp, which must be ours.
func PrepareSocketPath(runtimeDir string) (string, error) {
	path := SocketPath(runtimeDir)
	if filepath.Dir(path) == filepath.Clean(runtimeDir) {
		return path, nil
	}
	return path, ensureSocketDir(filepath.Dir(path))
}

// ensureSocketDir makes the folder of sockets outside the runtime folder, and
// checks that it is ours.
func ensureSocketDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(st.Uid) != os.Geteuid() || info.Mode().Perm() != 0o700 {
		return fmt.Errorf("%s is not a folder of ours with mode 0700", dir)
	}
	return nil
}

// ListenWithFallback opens the control socket at path or, where the runtime folder's
// file system does not support sockets (9p, vboxsf and drvfs of virtual machines), at
// the short path outside of it. It returns the path: clients find it in the ledger.
func ListenWithFallback(
	path, runtimeDir string,
	listen func(string) (*net.UnixListener, error),
) (l *net.UnixListener, at string, err error) {
	l, err = listen(path)
	other := shortSocketPath(runtimeDir)
	if err == nil || path == other || !lacksSockets(err) {
		return l, path, err
	}
	if err := ensureSocketDir(filepath.Dir(other)); err != nil {
		return nil, path, err
	}
	l, err = listen(other)
	return l, other, err
}

// lacksSockets reports whether err says that a file system does not support sockets.
func lacksSockets(err error) bool {
	for _, cause := range []error{syscall.EOPNOTSUPP, syscall.ENOTSUP, syscall.EPERM, syscall.ENOSYS, syscall.EINVAL} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// Listen opens the control socket, 0600, and removes what is at its path: the caller
// holds the supervisor's lock, so that is a stale socket or does not belong there.
func Listen(path string) (*net.UnixListener, error) {
	if err := os.RemoveAll(path); err != nil {
		return nil, fmt.Errorf("remove the stale control socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	l.SetUnlinkOnClose(false) // removed at the very end, under the lock
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("protect the control socket: %w", err)
	}
	return l, nil
}
