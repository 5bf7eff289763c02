package logfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Sizes in bytes.
const (
	readSize = 256 << 10 // of one read
	maxLine  = 1 << 20   // of a line; a longer one is emitted in parts
)

// Follower returns the lines of a file as they are added, across cuts. When another
// process truncates or replaces the file, it begins again with the new one. The zero
// value with a Path begins at the first byte kept.
type Follower struct {
	Path string

	offset int64 // offset of the next byte to read
	base   int64 // baseOffset at the last read
	info   fs.FileInfo
	rest   []byte // an unfinished line
	// skipsHalfLine is set when offset lies within a line, whose rest is skipped.
	skipsHalfLine bool
}

// NewFollower returns a Follower that begins at an offset, such as one of EndOffset.
func NewFollower(path string, offset int64) *Follower {
	f := &Follower{Path: path, offset: offset}
	f.info, _ = os.Stat(path)
	all, _ := listPieces(path)
	f.base = baseOffset(all)
	return f
}

// Poll calls emit with each line that was added since the last call, and stops at the
// first error of emit.
func (f *Follower) Poll(emit func([]byte) error) error {
	buf := make([]byte, readSize)
	for {
		n, err := f.read(buf)
		if err != nil || n == 0 {
			return err
		}
		if err := f.emitLines(buf[:n], emit); err != nil {
			return err
		}
	}
}

// Rest returns the last line while it is unfinished; empty when there is none.
func (f *Follower) Rest() []byte { return f.rest }

// read reads at the current offset, under the lock, and advances it.
func (f *Follower) read(buf []byte) (int, error) {
	unlock, err := lock(f.Path, unix.LOCK_SH)
	defer unlock()
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil // it may be created later
	}
	if err != nil {
		return 0, err
	}
	all, err := listPieces(f.Path)
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		if f.offset < p.end && p.size > 0 {
			f.skipTo(p.start())
			return f.readAt(p.path, f.offset-p.start(), buf)
		}
	}
	f.skipTo(baseOffset(all))
	return f.readCurrent(baseOffset(all), buf)
}

// skipTo skips bytes that were not kept, and the unfinished line before them.
func (f *Follower) skipTo(start int64) {
	if f.offset < start {
		f.offset, f.rest = start, nil
	}
}

// readCurrent reads from the file itself.
func (f *Follower) readCurrent(base int64, buf []byte) (int, error) {
	info, err := os.Stat(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	replaced := f.info != nil && !os.SameFile(f.info, info) && base == f.base
	if replaced || f.offset > base+info.Size() {
		f.offset, f.rest = base, nil
	}
	f.info, f.base = info, base
	return f.readAt(f.Path, f.offset-base, buf)
}

// readAt reads from a piece or the file.
func (f *Follower) readAt(path string, at int64, buf []byte) (int, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	n, err := file.ReadAt(buf, at)
	f.offset += int64(n)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// emitLines calls emit with each complete line.
func (f *Follower) emitLines(data []byte, emit func([]byte) error) error {
	f.rest = append(f.rest, data...)
	for {
		line, rest, found := bytes.Cut(f.rest, []byte{'\n'})
		if !found && len(f.rest) <= maxLine {
			f.rest = append([]byte(nil), f.rest...)
			return nil
		}
		f.rest = rest
		if f.skipsHalfLine {
			f.skipsHalfLine = !found
			continue
		}
		if err := emit(line); err != nil {
			return err
		}
	}
}
