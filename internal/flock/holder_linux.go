package flock

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// holderPID returns the pid of the process that holds the exclusive flock of a file, as
// /proc/locks (proc_locks(5)) says; 0 when it does not say, and on macOS.
func holderPID(file *os.File) (pid int) {
	info, err := file.Stat()
	if err != nil {
		return 0
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	for range readings {
		table, err := os.ReadFile("/proc/locks")
		if err != nil {
			return 0
		}
		if pid = parseHolder(table, st.Ino); pid != 0 {
			return pid
		}
	}
	return 0
}

// readings is how often the table is read before a holder counts as unknown: the kernel prints it in
// pieces of a page, and a line between two of them is left out when a lock before it ends meanwhile.
const readings = 20

// parseHolder finds the exclusive flock of an inode in the text of /proc/locks:
//
//	1: FLOCK  ADVISORY  WRITE 7532 08:01:131076 0 EOF
//
// The device there differs from the one of stat(2) on file systems with subvolumes, so
// parseHolder returns a pid only when a single process holds a lock of such an inode.
func parseHolder(table []byte, inode uint64) (pid int) {
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
