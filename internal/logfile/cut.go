package logfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// fsBlock is the unit in which file systems can remove the front of a file.
const fsBlock = 4096

// Cut bounds a file that another process appends to: when it is too large, its front
// becomes a piece. Where the file system can remove the front in place (ext4 and XFS on
// Linux) no line is lost; elsewhere, lines written in the microseconds between the last
// read and the cut are. dropped counts the bytes that were not kept: the middle of a
// file that grew to many times its limit between two cuts, or all of it when the disk
// is full.
func Cut(path string, l Limits) (dropped int64, err error) {
	info, err := os.Stat(path)
	if err != nil || l.Size <= 0 || info.Size() < l.Size {
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		return 0, err
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	end := (info.Size() - 1) / fsBlock * fsBlock
	from := int64(0)
	if end > 2*l.Size {
		from = end - l.Size
	}
	kept, copyErr := copyPart(file, filepath.Dir(path), from, end)
	if copyErr != nil {
		from = end // the disk is full: drop the part, so that there is room
	}
	defer os.Remove(kept)
	lost, err := cutFront(file, path, kept, end)
	if err != nil {
		return 0, fmt.Errorf("cut %s: %w", path, err)
	}
	prune(path, l, time.Now())
	return from + lost, nil
}

// copyPart copies a part of a file into a new file beside it, which is empty when that
// fails.
func copyPart(file *os.File, dir string, from, end int64) (path string, err error) {
	out, err := os.CreateTemp(dir, ".cut-*")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, io.NewSectionReader(file, from, end-from))
	if err != nil {
		_ = out.Truncate(0)
	}
	return out.Name(), errors.Join(err, out.Close())
}

// cutFront makes the copy a piece and removes its bytes from the file, under the
// exclusive lock. The piece is named first: a kill in between duplicates lines instead
// of losing them. lost is how many of the bytes that were written since the copy were
// not kept.
func cutFront(file *os.File, path, kept string, end int64) (lost int64, err error) {
	unlock, err := lock(path, unix.LOCK_EX)
	defer unlock()
	if err != nil {
		return 0, err
	}
	all, err := listPieces(path)
	if err != nil {
		return 0, err
	}
	name := pieceName(path, baseOffset(all)+end)
	if err := os.Rename(kept, name); err != nil {
		return 0, errors.Join(err, file.Truncate(0)) // there is no room for a name: make room
	}
	if collapseFront(file, end) == nil {
		return 0, nil
	}
	copied := appendRest(file, name, end)
	err = os.Rename(name, pieceName(path, baseOffset(all)+end+copied))
	if info, statErr := file.Stat(); statErr == nil {
		lost = info.Size() - end - copied
	}
	return lost, errors.Join(err, file.Truncate(0))
}

// appendRest appends to the piece what was written to the file since the copy, and returns
// how many bytes these are: all of them, unless the disk is full.
func appendRest(file *os.File, piece string, end int64) int64 {
	out, err := os.OpenFile(piece, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return 0
	}
	defer out.Close()
	n, _ := io.Copy(out, io.NewSectionReader(file, end, 1<<62))
	return n
}
