package cliproxy

import (
	"time"

	"golang.org/x/sys/unix"
)

// creationTime returns when a file was made.
func creationTime(path string) (born time.Time, known bool) {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return time.Time{}, false
	}
	return time.Unix(st.Btim.Unix()), true
}
