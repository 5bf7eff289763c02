package logfile

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Append adds one or several lines, without the last line end, to a file in one write,
// so that lines of several processes never mix. It makes file and folder (0600, 0700)
// when they do not exist, and first makes a file that is too large a piece.
func Append(path string, line []byte, l Limits) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	unlock, err := lock(path, unix.LOCK_EX)
	defer unlock()
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && l.Size > 0 && info.Size() >= l.Size {
		all, _ := listPieces(path)
		if err := os.Rename(path, pieceName(path, baseOffset(all)+info.Size())); err != nil {
			return err
		}
		prune(path, l, time.Now())
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(file, line), file.Close())
}

// write writes a line whole or not at all: when the disk becomes full in the middle of
// it, write removes the first part.
func write(file *os.File, line []byte) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	text := append(append(make([]byte, 0, len(line)+2), line...), '\n')
	if hasTornLine(file, info.Size()) { // by a power cut
		text = append([]byte{'\n'}, text...)
	}
	if _, err := file.Write(text); err != nil {
		return errors.Join(err, file.Truncate(info.Size()))
	}
	return nil
}

// hasTornLine reports whether the last line of a file has no line end, as after a power
// cut.
func hasTornLine(file *os.File, size int64) bool {
	last := make([]byte, 1)
	_, err := file.ReadAt(last, size-1)
	return size > 0 && err == nil && last[0] != '\n'
}
