package tasks

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// memoryFolder is where Linux has files in memory.
const memoryFolder = "/dev/shm"

// minTestRoom is the free memory, in bytes, without which tests keep their temporary files on the disk. On two
// processors they take 0.3 GB of it at a time.
const minTestRoom = 4 << 30

// makeTestFolder makes a folder in memory for the temporary files of tests; it returns "" where there is no room for
// one, and where the developer has chosen a folder. Tests make and delete files by the ten thousand, which a file
// system on a disk needs a tenth of their time for.
func makeTestFolder(getenv func(string) string) string {
	if getenv("TMPDIR") != "" || getenv("GOTMPDIR") != "" || !hasTestRoom(memoryFolder) {
		return ""
	}
	return takeTestFolder(memoryFolder)
}

// takeTestFolder makes the folder below another one; it returns "" when something else is in its place. Its path is
// the same each time, because go test does not reuse a result when a variable that the test reads has changed.
// Therefore it may hold the files of other tests that run now.
func takeTestFolder(above string) string {
	folder := filepath.Join(above, "flowgate-test-"+strconv.Itoa(os.Geteuid()))
	_ = os.Mkdir(folder, 0o700) // it may be there
	if info, err := os.Lstat(folder); err != nil || !isOwnFolder(info) || os.Chmod(folder, 0o755) != nil {
		return ""
	}
	removeOld(folder, time.Now().Add(-maxTestAge))
	return folder
}

// hasTestRoom reports whether a folder is in memory, has room for the files of tests, and lets programs be executed.
func hasTestRoom(folder string) bool {
	var s unix.Statfs_t
	err := unix.Statfs(folder, &s)
	return err == nil && s.Type == unix.TMPFS_MAGIC && s.Flags&unix.ST_NOEXEC == 0 &&
		s.Bavail*uint64(s.Bsize) >= minTestRoom //nolint:gosec // the size of a block is positive
}

// isOwnFolder reports whether info is that of a folder of this user into which nobody else may write.
func isOwnFolder(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.IsDir() && int(stat.Uid) == os.Geteuid() && info.Mode().Perm()&0o022 == 0
}
