package cliproxy

import (
	"time"

	"golang.org/x/sys/unix"
)

// creationTime returns when a file was made, where its file system keeps that (statx(2)).
func creationTime(path string) (born time.Time, known bool) {
	var st unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_BTIME, &st) != nil || st.Mask&unix.STATX_BTIME == 0 {
		return time.Time{}, false
	}
	return time.Unix(st.Btime.Sec, int64(st.Btime.Nsec)), true
}
