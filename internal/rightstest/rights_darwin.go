package rightstest

import (
	"os"
	"os/exec"
	"testing"
)

// Mount reports whether the test continues in this process, which then has the right to
// mount: as root, or in a user namespace of its own.
func Mount(t *testing.T) bool {
	t.Helper()
	t.Skip("a small file system is mounted on Linux only")
	return false
}

// SmallDisk makes dir a file system of its own, empty and of that size ("64k"), until
// undo or the end of the test. It requires the right Mount.
func SmallDisk(t testing.TB, dir, size string) (undo func()) {
	t.Helper()
	t.Fatalf("mount %s of %s: not on this system", dir, size)
	return nil
}

// Ordinary reports whether the test continues in this process, for which permissions then
// hold: as an ordinary user, or as root without the capabilities of root.
func Ordinary(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Skip("permissions do not hold for root: run the tests as an ordinary user")
	}
	return true
}

// Other returns a command that runs as another user: as root, or where sudo asks for no
// password. It cannot read or write what only this user may.
func Other(t *testing.T, name string, _ ...string) *exec.Cmd {
	t.Helper()
	t.Skipf("%s cannot run as another user: the folder of temporary files is closed to others", name)
	return nil
}
