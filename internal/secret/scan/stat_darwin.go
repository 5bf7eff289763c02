package scan

import (
	"io/fs"
	"syscall"
)

// statOf returns the stat of a file.
func statOf(info fs.FileInfo) stat {
	s := stat{size: info.Size(), modified: info.ModTime().UnixNano()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.changed, s.inode = sys.Ctimespec.Nano(), int64(sys.Ino)
	}
	return s
}
