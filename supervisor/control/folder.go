package control

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
)

// EnsureRuntimeDir makes a runtime folder (0700) and checks that it belongs to this
// user and can be written. Fault: runtime-dir-unwritable.
func EnsureRuntimeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return UnwritableFault(dir, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return UnwritableFault(dir, err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return UnwritableFault(dir, fmt.Errorf("it belongs to user id %d, not %d", st.Uid, os.Geteuid()))
	}
	probe, err := os.CreateTemp(dir, ".write-*")
	if err != nil {
		return UnwritableFault(dir, err)
	}
	// One byte, since a full disk still takes an empty file.
	_, err = probe.Write([]byte{'\n'})
	err = errors.Join(err, probe.Close(), os.Remove(probe.Name()))
	if err != nil {
		return UnwritableFault(dir, err)
	}
	return nil
}

// OpenLog opens a log for appending, and makes its folder.
func OpenLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

// LogPath returns the path of a service's log.
func LogPath(cfg *config.Config, service string) string {
	return filepath.Join(cfg.Paths.ProcessLogs(), service+".log")
}

// ActiveProfile returns the profile in force, "" when none was chosen.
func ActiveProfile(cfg *config.Config) string {
	name, _ := policy.Current(cfg)
	return name
}
