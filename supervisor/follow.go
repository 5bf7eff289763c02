package supervisor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

const (
	followEvery = 100 * time.Millisecond // between two looks at a file
	maxLine     = 1 << 20                // a longer line is given out in pieces
)

// follower gives out the lines of a file as they are added. It notices a file
// that was cut short or replaced and begins anew with it.
type follower struct {
	path   string
	offset int64 // of the next byte to read
	info   fs.FileInfo
	rest   []byte // a line whose end has not come yet
}

// newFollower gives out the last n lines, all when n is negative, and then
// stands behind them. A last line whose end has not come is left for flush or
// poll; it counts among the n when it is for flush (not follow).
func newFollower(path string, n int, follow bool, emit func([]byte) error) (*follower, error) {
	f := &follower{path: path}
	if n < 0 {
		return f, f.poll(emit)
	}
	t, err := readTail(path, 0, n)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f.info, _ = os.Stat(path)
	f.offset, f.rest = t.offset, []byte(t.rest)
	if !follow && t.rest != "" && len(t.lines) == n && n > 0 {
		t.lines = t.lines[1:]
	}
	for _, line := range t.lines {
		if err := emit([]byte(line)); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// flush gives out a last line whose end has not come.
func (f *follower) flush(emit func([]byte) error) error {
	if len(f.rest) == 0 {
		return nil
	}
	return emit(f.rest)
}

// poll gives out what was added since.
func (f *follower) poll(emit func([]byte) error) error {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it may come yet
	}
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if f.info != nil && !os.SameFile(f.info, info) || info.Size() < f.offset {
		f.offset, f.rest = 0, nil
	}
	f.info = info
	block := make([]byte, tailBlock)
	for {
		n, err := file.ReadAt(block, f.offset)
		f.offset += int64(n)
		if emitErr := f.take(block[:n], emit); emitErr != nil {
			return emitErr
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (f *follower) take(block []byte, emit func([]byte) error) error {
	f.rest = append(f.rest, block...)
	for {
		line, rest, found := bytes.Cut(f.rest, []byte{'\n'})
		if !found && len(f.rest) <= maxLine {
			return nil
		}
		if err := emit(line); err != nil {
			return err
		}
		f.rest = rest
	}
}

// followAll polls until ctx ends, which is how following ends well.
func followAll(ctx context.Context, poll func() error) error {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := poll(); err != nil {
				return err
			}
		}
	}
}
