package rightstest

import (
	"os"
	"syscall"
	"testing"
)

// SmallDisk makes dir a file system of its own, empty and of that size ("64k"), until
// undo or the end of the test. It requires the right Mount.
func SmallDisk(t testing.TB, dir, size string) (undo func()) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=700,size="+size); err != nil {
		t.Fatal("mount a small file system:", err)
	}
	return unmountLater(t, dir)
}

// unmountLater returns a function that unmounts dir, and calls it at the end of the
// test.
func unmountLater(t testing.TB, dir string) (undo func()) {
	undo = func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }
	t.Cleanup(undo)
	return undo
}

// ReadOnly mounts a read-only view of dir over it, until undo or the end of the test;
// open files stay as they are. It requires the right Mount.
func ReadOnly(t *testing.T, dir string) (undo func()) {
	t.Helper()
	var fs syscall.Statfs_t
	err := syscall.Statfs(dir, &fs)
	if err == nil {
		err = syscall.Mount(dir, dir, "", syscall.MS_BIND, "")
	}
	if err != nil {
		t.Fatal("mount a folder over itself:", err)
	}
	undo = unmountLater(t, dir)
	// In a user namespace these flags must not be removed.
	kept := uintptr(fs.Flags) & (syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC)
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY|kept, ""); err != nil {
		t.Fatal("make the folder read-only:", err)
	}
	return undo
}
