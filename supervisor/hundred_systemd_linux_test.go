package supervisor_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// ownManager begins a `systemd --user` that nobody else uses: in control groups
// of its own, and where the machine was not booted by systemd, which it refuses,
// with a /run of its own that says so.
const ownManager = `
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system || exit 1
for root in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
	if test -e $root/cgroup.procs; then
		mkdir -p $root/$GROUP && echo $$ > $root/$GROUP/cgroup.procs || exit 1
	fi
done
exec systemd --user --unit=hundred-begin.target
`

// systemdHundred has the services as units of a user's systemd. As on a desktop
// it runs before the command that brings them up.
func systemdHundred(b *testing.B, dir string) contestant {
	program := rival(b, "SYSTEMCTL", "systemctl")
	if os.Geteuid() != 0 {
		b.Skip("NOT COMPARED with systemd --user: a manager of its own needs root")
	}
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		b.Fatal(err)
	}
	units := filepath.Join(dir, "systemd", "user")
	if err := os.MkdirAll(units, 0o700); err != nil {
		b.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(units, name), []byte("[Unit]\nDefaultDependencies=no\n"+text),
			0o600); err != nil {
			b.Fatal(err)
		}
	}
	var wants strings.Builder
	for i := range hundred {
		name := fmt.Sprintf("s%d.service", i)
		wants.WriteString("Wants=" + name + "\nAfter=" + name + "\n")
		write(name, "StartLimitIntervalSec=0\n[Service]\nExecStart="+sleep+" 1000\nRestart=always\nRestartSec=0\n")
	}
	write("hundred.target", wants.String())
	write("hundred-begin.target", "")

	group := fmt.Sprintf("flowgate-bench-%d", os.Getpid())
	env := append(os.Environ(), "XDG_RUNTIME_DIR="+dir, "HOME="+dir, "GROUP="+group)
	manager := exec.Command("sh", "-c", ownManager)
	manager.Env = env
	manager.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	b.Cleanup(func() { removeGroups(b, group) }) // after its end
	begin(b, manager)
	command := func(args ...string) ([]byte, error) {
		cmd := exec.Command(program, append([]string{"--user"}, args...)...)
		cmd.Env = env
		return cmd.CombinedOutput()
	}
	must := func(args ...string) {
		if out, err := command(args...); err != nil {
			b.Fatalf("systemctl %s: %v: %s", args, err, out)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		out, err := command("is-active", "hundred-begin.target")
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			b.Skipf("NOT COMPARED with systemd --user: it does not run here: %v: %s", err, out)
		}
	}
	return contestant{
		up: func() int { must("start", "hundred.target"); return manager.Process.Pid },
		status: func() {
			must("show", "--property=Id,ActiveState,MainPID,NRestarts,CPUUsageNSec,MemoryCurrent", "s*.service")
		},
		down: func() { must("stop", "s*.service", "hundred.target") },
	}
}

// removeGroups ends what a manager left in its control groups, and removes them.
func removeGroups(b *testing.B, group string) {
	for _, root := range []string{"/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/systemd"} {
		top := filepath.Join(root, group)
		if file, err := os.OpenFile(filepath.Join(top, "cgroup.kill"), os.O_WRONLY, 0); err == nil {
			_, _ = file.WriteString("1")
			_ = file.Close()
		}
		var dirs []string
		_ = filepath.WalkDir(top, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
		slices.Reverse(dirs)
		for _, dir := range dirs {
			supervisortest.Eventually(b, dir+" to be empty", func() bool { return !errors.Is(os.Remove(dir), syscall.EBUSY) })
		}
	}
}
