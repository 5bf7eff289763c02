package rightstest

import (
	"os"
	"os/exec"
	"testing"
)

// Mount reports whether the test goes on here, where it may mount.
func Mount(t *testing.T) bool {
	t.Helper()
	t.Skip("a small file system is mounted on Linux only")
	return false
}

// SmallDisk is never reached: Mount skips.
func SmallDisk(t testing.TB, dir, size string) (undo func()) {
	t.Helper()
	t.Fatalf("mount %s of %s: not on this system", dir, size)
	return nil
}

// Ordinary reports whether the test goes on here, where permissions hold.
func Ordinary(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Skip("permissions do not hold for root: run the tests as an ordinary user")
	}
	return true
}

// Other is a command that runs as another user.
func Other(t *testing.T, name string, _ ...string) *exec.Cmd {
	t.Helper()
	t.Skipf("%s cannot run as another user: the folder of temporary files is closed to others", name)
	return nil
}
