//go:build linux

package script_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestAFullDiskIsOneClearErrorAndChangesNothing works on a file system of its
// own, which only root may mount.
func TestAFullDiskIsOneClearErrorAndChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	upstream, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{" init -port=" + strconv.Itoa(port) + " -upstream-port=" + strconv.Itoa(upstream), " start"} {
		if out, err := shell(t, dir, binary+command); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
	t.Cleanup(func() { _, _ = shell(t, dir, binary+" stop") })
	before, err := os.ReadFile(filepath.Join(dir, ".router/runtime/litellm.active.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 1<<20), 0o600) // fails when nothing is left
	out, err := shell(t, dir, binary+" profile:set cost")
	if err == nil || !strings.Contains(out, "no space left on device") || !strings.Contains(out, `"code":"runtime-dir-unwritable"`) {
		t.Errorf("profile:set on a full disk: %v: %s", err, out)
	}
	after, err := os.ReadFile(filepath.Join(dir, ".router/runtime/litellm.active.yaml"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the router's configuration was changed (%v)", err)
	}
	if out, err := shell(t, dir, binary+" health -jq .ok"); err != nil || out != "true\n" {
		t.Errorf("the services did not go on: %v: %s", err, out)
	}
}
