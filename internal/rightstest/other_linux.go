package rightstest

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// Other returns a command that runs as another user: as root, or where sudo asks for no
// password. It cannot read or write what only this user may.
func Other(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(err)
	}
	if os.Geteuid() == 0 {
		cmd := exec.CommandContext(t.Context(), path, args...) //nolint:gosec // what a test names
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		return cmd
	}
	if out, err := exec.CommandContext(t.Context(), "sudo", "-n", "-u", "nobody", "true").CombinedOutput(); err != nil {
		t.Skipf("cannot run as another user without root and without sudo that asks for no password: %v %s", err, out)
	}
	return exec.CommandContext(t.Context(), "sudo", append([]string{"-n", "-u", "nobody", path}, args...)...) //nolint:gosec // what a test names
}
