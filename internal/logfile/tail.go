package logfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/samber/lo"
	"golang.org/x/sys/unix"
)

// Sizes in bytes.
const (
	tailLimit = 4 << 20  // of the part of a file that is searched for its last lines
	tailBlock = 64 << 10 // of one read
)

// LastLines returns the last n lines of a file that begin at or after the offset from;
// an unfinished last line counts. It reads only the file itself and its newest piece.
func LastLines(path string, from int64, n int) ([]string, error) {
	t, err := readTail(path, from, n)
	if err != nil {
		return nil, err
	}
	lines := t.lines
	if t.rest != "" {
		lines = append(lines, t.rest)
	}
	return lines[max(0, len(lines)-n):], nil
}

// Tail calls emit with the last n lines of a file and returns a Follower after them. An
// unfinished last line is left to the Follower; it counts among the n when whole is
// set. A negative n means all lines, pieces included.
func Tail(path string, n int, whole bool, emit func([]byte) error) (*Follower, error) {
	if n < 0 {
		f := &Follower{Path: path}
		return f, f.Poll(emit)
	}
	t, err := readTail(path, 0, n)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f := NewFollower(path, t.offset)
	f.rest = []byte(t.rest)
	if whole && t.rest != "" && len(t.lines) == n && n > 0 {
		t.lines = t.lines[1:]
	}
	for _, line := range t.lines {
		if err := emit([]byte(line)); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// tailText is the end of a file.
type tailText struct {
	lines  []string // complete ones
	rest   string   // unfinished line
	offset int64    // offset of the file's end
}

// readTail reads the last n lines of a file and its newest piece.
func readTail(path string, from int64, n int) (tailText, error) {
	unlock, err := lock(path, unix.LOCK_SH)
	defer unlock()
	if err != nil {
		return tailText{}, err
	}
	file, err := os.Open(path)
	if err != nil {
		return tailText{}, err
	}
	defer file.Close()
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return tailText{}, err
	}
	all, err := listPieces(path)
	if err != nil {
		return tailText{}, err
	}
	both, first, closePiece := joinNewest(file, all)
	defer closePiece()
	end += both.base
	text, err := readBack(both, min(max(from, first), end), end, n)
	if err != nil {
		return tailText{}, err
	}
	lines := strings.Split(string(text), "\n")
	rest := lines[len(lines)-1]
	lines = lines[:len(lines)-1]
	return tailText{lines: lines[max(0, len(lines)-n):], rest: rest, offset: end}, nil
}

// pair is the newest piece and the file after it, read by offset.
type pair struct {
	piece io.ReaderAt // the newest piece; nil: none
	start int64       // offset of its first byte
	base  int64       // offset of the file's first byte
	file  io.ReaderAt
}

// joinNewest returns a file with its newest piece, if there is one, and the offset at
// which they begin.
func joinNewest(file io.ReaderAt, all []piece) (both pair, first int64, closePiece func() error) {
	both = pair{base: baseOffset(all), file: file}
	if len(all) > 0 {
		newest := all[len(all)-1]
		if f, err := os.Open(newest.path); err == nil { // a piece that cannot be read is skipped
			both.piece, both.start = f, newest.start()
			return both, both.start, f.Close
		}
	}
	return both, both.base, func() error { return nil }
}

// ReadAt reads at an offset.
func (p pair) ReadAt(buf []byte, at int64) (n int, err error) {
	if before := p.base - at; before > 0 {
		n, err = p.piece.ReadAt(buf[:min(before, int64(len(buf)))], at-p.start)
		if err != nil || n == len(buf) {
			return n, err
		}
		buf, at = buf[n:], p.base
	}
	m, err := p.file.ReadAt(buf, at-p.base)
	return n + m, err
}

// readBack reads a file backwards from its end until it has more than n line ends, or
// reached from or the limit.
func readBack(file io.ReaderAt, from, end int64, n int) ([]byte, error) {
	var text []byte
	for at := end; at > from && len(text) < tailLimit && bytes.Count(text, []byte{'\n'}) <= n; {
		size := min(tailBlock, at-from)
		at -= size
		part := make([]byte, size)
		if _, err := file.ReadAt(part, at); err != nil && err != io.EOF {
			return nil, err
		}
		text = append(part, text...)
	}
	return text, nil
}

// Cause returns why a program ended that wrote these lines last: its last error, as FlowGate and the
// Go runtime write it, else the last line. What follows an error is a hint or a stack.
func Cause(lines []string) string {
	for _, line := range slices.Backward(lines) {
		if text, found := strings.CutPrefix(line, "Error: "); found {
			return text
		}
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return line
		}
	}
	return lo.LastOrEmpty(lines)
}
