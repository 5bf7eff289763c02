package logfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// collapseFront removes the first n bytes of a file in one step, which appending
// writers do not notice (fallocate(2)). macOS has no such call.
func collapseFront(file *os.File, n int64) error {
	return unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_COLLAPSE_RANGE, 0, n)
}
