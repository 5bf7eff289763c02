package rightstest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Mount reports whether the test continues in this process, which then has the right to
// mount: as root, or in a user namespace of its own.
func Mount(t *testing.T) bool {
	t.Helper()
	err := tryMount(t)
	if err == nil {
		return true
	}
	if IsRerun() {
		t.Skipf("nothing can be mounted in a user namespace (sysctl kernel.apparmor_restrict_unprivileged_userns=0 may "+
			"allow it): %v", err)
	}
	rerun(t, "mount", startInNamespace(0))
	return false
}

// tryMount returns why this process cannot mount; nil when it can.
func tryMount(t *testing.T) error {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4k"); err != nil {
		return err
	}
	return syscall.Unmount(dir, 0)
}

// PIDs reports whether the test continues in this process, which then is in a namespace of
// process ids of its own and may choose the next pid.
func PIDs(t *testing.T) bool {
	t.Helper()
	if !IsRerun() {
		rerun(t, "pids", startInNamespace(syscall.CLONE_NEWPID))
		return false
	}
	// Mount the /proc of this namespace, which other namespaces do not see.
	err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, "")
	if err == nil {
		err = syscall.Mount("proc", "/proc", "proc", 0, "")
	}
	if err != nil {
		t.Skipf("the processes of a namespace cannot be seen here: %v", err)
	}
	return true
}

// startInNamespace starts a command in namespaces of its own, as the same user, with
// the right to mount.
func startInNamespace(flags uintptr) func(*exec.Cmd) error {
	return func(cmd *exec.Cmd) error {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags | syscall.CLONE_NEWNS}
		if os.Geteuid() != 0 {
			cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
			cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN}
		}
		return cmd.Start()
	}
}

// Ordinary reports whether the test continues in this process, for which permissions then
// hold: as an ordinary user, or as root without the capabilities of root.
func Ordinary(t *testing.T) bool {
	t.Helper()
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.WriteFile(closed, nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(closed); errors.Is(err, fs.ErrPermission) {
		return true
	}
	if IsRerun() {
		t.Skip("permissions do not hold even without capabilities")
	}
	rerun(t, "ordinary", startWithoutCapabilities)
	return false
}

// startWithoutCapabilities starts a command whose bounding set of capabilities is empty.
// That set belongs to the thread, which therefore ends with the function.
func startWithoutCapabilities(cmd *exec.Cmd) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		for c := range uintptr(unix.CAP_LAST_CAP + 1) {
			// Older kernels have fewer capabilities.
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && !errors.Is(err, syscall.EINVAL) {
				started <- err
				return
			}
		}
		started <- cmd.Start()
	}()
	return <-started
}
