package logfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// collapseFront takes the first n bytes off a file in one step, which writers that
// append do not notice (fallocate(2)).
func collapseFront(file *os.File, n int64) error {
	return unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_COLLAPSE_RANGE, 0, n)
}
