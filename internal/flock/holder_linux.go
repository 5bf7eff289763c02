package flock

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
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
	device := fmt.Sprintf("%02x:%02x", unix.Major(st.Dev), unix.Minor(st.Dev))
	for range readings {
		table, err := os.ReadFile("/proc/locks")
		if err != nil {
			return 0
		}
		var isSure bool
		if pid, isSure = parseHolder(table, device, st.Ino); isSure {
			return pid
		}
	}
	return pid
}

// readings is how often the table is read before a holder counts as unknown: the kernel prints it in
// pieces of a page, and a line between two of them is left out when a lock before it ends meanwhile.
const readings = 20

// parseHolder finds the exclusive flock of an inode in the text of /proc/locks:
//
//	1: FLOCK  ADVISORY  WRITE 7532 08:01:131076 0 EOF
//
// The device there differs from the one of stat(2) on file systems with subvolumes. Without a lock on that device,
// parseHolder returns a pid only when a single process holds a lock of such an inode, and is not sure: the lock may be
// that of another file, whose file system has the same number, and the line of this one left out.
func parseHolder(table []byte, device string, inode uint64) (pid int, isSure bool) {
	number, isSeveral := strconv.FormatUint(inode, 10), false
	for line := range bytes.Lines(table) {
		f := strings.Fields(string(line))
		if len(f) < 6 || f[1] != "FLOCK" || f[3] != "WRITE" || !strings.HasSuffix(f[5], ":"+number) {
			continue
		}
		holder, err := strconv.Atoi(f[4])
		if err != nil || holder <= 0 { // of another namespace of pids
			holder = 0
		}
		if f[5] == device+":"+number {
			return holder, holder != 0
		}
		isSeveral = isSeveral || pid != 0 && pid != holder || holder == 0
		pid = holder
	}
	if isSeveral {
		return 0, false
	}
	return pid, false
}
