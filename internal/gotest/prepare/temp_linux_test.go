package prepare

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestTemporaryFilesOfTestsAreSpreadOverTheFileSystem(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var fs unix.Statfs_t
	if err := unix.Statfs(os.TempDir(), &fs); err != nil {
		t.Fatal(err)
	}
	isExt4 := fs.Type == unix.EXT4_SUPER_MAGIC
	got := TempVariable()
	if len(got) == 0 && !isExt4 {
		return // there is no such flag
	}
	if len(got) != 1 {
		t.Fatalf("%q on ext4", got)
	}
	folder := got[0][len("TMPDIR="):]
	f, err := os.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS); err != nil || flags&topFolder == 0 {
		t.Errorf("flags %#x, %v", flags, err)
	}

	old, young := filepath.Join(folder, "old"), filepath.Join(folder, "young")
	for _, dir := range []string{old, young} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	yesterday := time.Now().Add(-maxAge - time.Minute)
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	if again := TempVariable(); len(again) != 1 || again[0] != got[0] {
		t.Errorf("%q after %q: a path that changes spoils the cached results", again, got)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("what a test left yesterday is still there")
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("what another run uses: %v", err)
	}
}

func TestAnotherUsersFolderIsNotUsedForTemporaryFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	got := TempVariable()
	if len(got) == 0 {
		return // not ext4, as the test above has it
	}
	folder := got[0][len("TMPDIR="):]
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if got := TempVariable(); got != nil {
		t.Errorf("%q, which everybody can write", got)
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), folder); err != nil {
		t.Fatal(err)
	}
	if got := TempVariable(); got != nil {
		t.Errorf("%q, which is a link", got)
	}
}
