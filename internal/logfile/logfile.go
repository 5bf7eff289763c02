// Package logfile reads and bounds files that lines are appended to. Append
// adds a line; Cut takes what is too much off a file that somebody else writes
// to and never closes; Tail and Follower read across both.
//
// Every byte keeps its place: what was taken off a file is kept beside it under
// the name FILE.END, where END is how many bytes were ever written before its
// end. So a reader that knows where it stands loses no line and reads none
// twice, however often the file is cut. A shared lock on the folder keeps cuts
// away while something is read. The package never waits for a writer.
package logfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Limits bound a file. The zero value bounds nothing.
type Limits struct {
	Size int64         // bytes that make a file too large
	Keep int           // pieces kept beside it
	Age  time.Duration // of a piece, from its last byte
}

// StandardLimits are the limits of logs and events: at most 40 MB a file with its
// pieces, none older than two weeks.
func StandardLimits() Limits { return Limits{Size: 10 << 20, Keep: 3, Age: 14 * 24 * time.Hour} }

// piece is what was taken off a file: its bytes are those before end.
type piece struct {
	path string
	end  int64
	size int64
	mod  time.Time
}

func (p piece) start() int64 { return p.end - p.size }

func pieceName(path string, end int64) string { return fmt.Sprintf("%s.%016d", path, end) }

// listPieces are those of a file, the oldest first.
func listPieces(path string) ([]piece, error) {
	names, err := readNames(filepath.Dir(path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var found []piece
	for prefix, i := filepath.Base(path)+".", 0; i < len(names); i++ {
		digits, ok := strings.CutPrefix(names[i], prefix)
		if !ok || len(digits) < 16 {
			continue
		}
		end, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			continue
		}
		name := filepath.Join(filepath.Dir(path), names[i])
		if info, err := os.Lstat(name); err == nil && info.Mode().IsRegular() {
			found = append(found, piece{name, end, info.Size(), info.ModTime()})
		}
	}
	slices.SortFunc(found, func(a, b piece) int { return int(min(max(a.end-b.end, -1), 1)) })
	return found, nil
}

func readNames(dir string) ([]string, error) {
	file, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return file.Readdirnames(-1)
}

// baseOffset is how many bytes were ever taken off the front of a file.
func baseOffset(all []piece) int64 {
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].end
}

// EndOffset is the place behind the last byte of a file; 0 when there is none.
func EndOffset(path string) int64 {
	unlock, _ := lock(path, unix.LOCK_SH) // without the lock it may be off while a cut goes on
	defer unlock()
	all, _ := listPieces(path)
	info, err := os.Stat(path)
	if err != nil {
		return baseOffset(all)
	}
	return baseOffset(all) + info.Size()
}

// lock takes the folder's lock, shared or exclusive. The function gives it
// back and is there with an error too.
//
// It does without os.File, which asks and sets what a poller needs: more system
// calls than the lock, for each line that is written.
func lock(path string, how int) (unlock func(), err error) {
	dir := filepath.Dir(path)
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_DIRECTORY, 0)
	if err != nil {
		return func() {}, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	for {
		err = unix.Flock(fd, how)
		if !errors.Is(err, unix.EINTR) {
			return func() { _ = unix.Close(fd) }, err
		}
	}
}

// prune removes the pieces that are too many or too old. The newest stays as
// an empty file: its name holds the place.
func prune(path string, l Limits, now time.Time) {
	all, _ := listPieces(path)
	for i, p := range all {
		old := l.Age > 0 && now.Sub(p.mod) > l.Age
		switch last := i == len(all)-1; {
		case !last && (old || i < len(all)-l.Keep):
			_ = os.Remove(p.path)
		case last && old && p.size > 0:
			_ = os.Truncate(p.path, 0)
		}
	}
}
