// Package safefile reads regular files only. A named pipe or a device in the place of a
// configuration or state file would make an ordinary read wait for ever; Read refuses
// it at once.
package safefile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ErrNotRegular is the cause of a *fs.PathError for a path that is not a regular file:
// a folder, a pipe, a socket, a device.
var ErrNotRegular = errors.New("not a regular file")

// Open opens a regular file for reading and never blocks.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("%w: it %s", ErrNotRegular, describeKind(info.Mode()))}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// describeKind returns what a file that is not regular is, as the end of a sentence.
func describeKind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "is a directory"
	case m&fs.ModeNamedPipe != 0:
		return "is a named pipe"
	}
	return "is a device or a socket"
}

// Limits for Read, in bytes, by what a file is.
const (
	KeyLimit      = 64 << 10  // a key, a process id, a version
	DocumentLimit = 16 << 20  // a configuration, state, a credential file
	BulkLimit     = 512 << 20 // a file that grows with what it describes: a manifest, a log
)

// ErrTooLarge is the cause of a *fs.PathError for a file above the limit.
var ErrTooLarge = errors.New("too large")

// Read returns the content of a regular file of at most limit bytes. It does not begin
// to read a larger one, even a sparse one.
func Read(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	tooLarge := &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, tooLarge
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if int64(len(data)) > limit { // it grew, or has no size
		return nil, tooLarge
	}
	return data, err
}

// SHA256 returns the SHA-256 of a regular file in hexadecimal digits.
func SHA256(path string) (string, error) {
	f, err := Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Reason returns the message of a file system error without the path, for a
// text that names the path itself.
func Reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
