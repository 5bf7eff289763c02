package prepare

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/ownfile"
)

// topFolder is ext4's flag for a folder whose subfolders have nothing to do with each other (chattr +T).
const topFolder = 0x00020000

// TempVariable returns the environment variable that has the tests keep their temporary files in a folder with the flag
// topFolder; nothing where that is not possible.
//
// ext4 does not use an inode again within five seconds of its file's end (fs/ext4/ialloc.c, recently_deleted), and
// looks at each of those before it finds one. Tests make and remove thousands of files: with all of them in one place a
// twentieth of the processors' time went into that. The subfolders of a folder with the flag lie far apart.
//
// The path is always the same, because go test does not reuse a result when TMPDIR has changed.
func TempVariable() []string {
	folder := filepath.Join(os.TempDir(), fmt.Sprintf("flowgate-test-%d", os.Geteuid()))
	_ = os.Mkdir(folder, 0o711) //nolint:gosec // tests start programs as another user, which must reach its own files
	info, err := os.Lstat(folder)
	if err != nil || !info.IsDir() || ownfile.WhyNotOwn(info) != "" || markTop(folder) != nil {
		return nil
	}
	removeOld(folder, time.Now().Add(-maxAge))
	return []string{"TMPDIR=" + folder}
}

// markTop gives a folder the flag topFolder. It is an error on file systems without such flags.
func markTop(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return err
	}
	return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags|topFolder))
}
