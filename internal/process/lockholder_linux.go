package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// LockHolder returns the pid of the process that took the exclusive flock of a
// file, as /proc/locks (proc_locks(5)) says; 0 when it does not say.
func LockHolder(file *os.File) (pid int) {
	info, err := file.Stat()
	if err != nil {
		return 0
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	table, err := os.ReadFile("/proc/locks")
	if err != nil {
		return 0
	}
	return holderIn(table, st.Ino)
}

// holderIn finds the exclusive flock of an inode in the text of /proc/locks:
//
//	1: FLOCK  ADVISORY  WRITE 7532 08:01:131076 0 EOF
//
// The device there is not the one that stat(2) tells on file systems with
// subvolumes, so the number is only believed when a single process holds a lock
// of such an inode.
func holderIn(table []byte, inode uint64) (pid int) {
	for line := range bytes.Lines(table) {
		f := strings.Fields(string(line))
		if len(f) < 6 || f[1] != "FLOCK" || f[3] != "WRITE" || !strings.HasSuffix(f[5], ":"+strconv.FormatUint(inode, 10)) {
			continue
		}
		holder, err := strconv.Atoi(f[4])
		if err != nil || holder <= 0 || pid != 0 && pid != holder {
			return 0
		}
		pid = holder
	}
	return pid
}
