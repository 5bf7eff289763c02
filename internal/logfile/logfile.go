// Package logfile reads and bounds files that lines are appended to. Append adds a
// line; Cut bounds a file that another process writes and never closes; Tail and
// Follower read across both.
//
// Every byte keeps its offset: what is cut off a file is kept beside it as a piece
// under the name FILE.END, where END is the number of bytes ever written before the
// piece's end. So a reader that knows its offset loses no line and reads none twice,
// however often the file is cut. A shared lock on the folder excludes cuts while
// something is read. The package never waits for a writer.
//
// It has slightly more than 700 lines: writing, cutting and reading share the rules of
// pieces and offsets.
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
	Size int64         // bytes from which a file is cut
	Keep int           // pieces kept beside it
	Age  time.Duration // greatest age of a piece, from its last write
}

// StandardLimits returns the limits of logs and events: at most 40 MB a file with its
// pieces, none older than two weeks.
func StandardLimits() Limits { return Limits{Size: 10 << 20, Keep: 3, Age: 14 * 24 * time.Hour} }

// piece is a part that was cut off a file: the bytes before the offset end.
type piece struct {
	path string
	end  int64
	size int64
	mod  time.Time
}

// start returns the offset of the first byte of the piece.
func (p piece) start() int64 { return p.end - p.size }

// pieceName returns the name of a file's piece that ends at an offset.
func pieceName(path string, end int64) string { return fmt.Sprintf("%s.%016d", path, end) }

// listPieces returns the pieces of a file, the oldest first.
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

// readNames returns the names in a folder.
func readNames(dir string) ([]string, error) {
	file, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return file.Readdirnames(-1)
}

// baseOffset returns how many bytes were ever cut off the front of a file.
func baseOffset(all []piece) int64 {
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].end
}

// EndOffset returns the offset after the last byte of a file; 0 when it does not exist.
func EndOffset(path string) int64 {
	unlock, _ := lock(path, unix.LOCK_SH) // without the lock the offset may be wrong during a cut
	defer unlock()
	all, _ := listPieces(path)
	info, err := os.Stat(path)
	if err != nil {
		return baseOffset(all)
	}
	return baseOffset(all) + info.Size()
}

// lock takes the folder's lock, shared or exclusive. unlock is never nil.
//
// It does not use os.File, and so not package flock: that costs more system calls than
// the lock itself, for each line that is written.
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

// prune removes the pieces that are too many or too old. The newest stays as an empty
// file, since its name holds the offset.
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
