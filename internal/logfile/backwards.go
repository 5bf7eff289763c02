package logfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// firstWindow is how many bytes of a log's end Backwards reads first.
const firstWindow = 64 << 10

// Backwards reads the end of a log, then more and more of it, until enough returns true
// or everything kept was read. Each round calls begin, then line for every line of the
// part, oldest first, then enough; whole says that the part begins with the first byte
// kept. The Follower that it returns stands after the last line; an unfinished line is
// in its Rest.
func Backwards(path string, begin func(whole bool), line func([]byte) error, enough func() bool) (*Follower, error) {
	first, end := readBounds(path)
	for window := int64(firstWindow); ; window *= 4 {
		from := max(first, end-window)
		whole := from == first
		begin(whole)
		f := NewFollower(path, from)
		f.skipsHalfLine = !whole
		if err := f.Poll(line); err != nil || whole || enough() {
			return f, err
		}
	}
}

// readBounds returns the offsets of the first byte that is kept of a log and of its
// end.
func readBounds(path string) (first, end int64) {
	unlock, _ := lock(path, unix.LOCK_SH) // without the lock they may be wrong during a cut
	defer unlock()
	all, _ := listPieces(path)
	end = baseOffset(all)
	first = end
	for i := len(all) - 1; i >= 0 && all[i].end == first && all[i].size > 0; i-- {
		first = all[i].start()
	}
	if info, err := os.Stat(path); err == nil {
		end += info.Size()
	}
	return first, end
}
