package yamlnode

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// maxBytes is the size of the largest configuration file that is read, 4 MB. The largest
// real file that was seen has 60 kB; a larger one was not written by hand.
const maxBytes = 4 << 20

// ReadSource returns the file's bytes without a UTF-8 byte order mark. name is
// the path as the user typed it, which errors show. Faults: config-not-found,
// config-unreadable, config-too-large.
func ReadSource(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // opening a named pipe must not block
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e := fault.Usage("config-not-found", "%s: no such file", name)
		e.Err = err
		return nil, e.WithHint("write one with `mage init`, or name another with -config=PATH")
	case err != nil:
		return nil, UnreadableFault(name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, UnreadableFault(name, err)
	case info.IsDir():
		return nil, fault.Usage("config-unreadable", "%s: is a folder, not a file", name).
			WithHint("name the file in it, for example -config=%s/flowgate.yaml", name)
	case !info.Mode().IsRegular():
		return nil, fault.Usage("config-unreadable", "%s: is not a regular file", name).
			WithHint("write the configuration into a file and name that one")
	case info.Size() > maxBytes:
		return nil, tooLargeFault(name)
	}
	data := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := data.ReadFrom(io.LimitReader(f, maxBytes+1)); err != nil {
		return nil, UnreadableFault(name, err)
	}
	if data.Len() > maxBytes { // the file grew while it was read
		return nil, tooLargeFault(name)
	}
	return bytes.TrimPrefix(data.Bytes(), []byte("\xef\xbb\xbf")), nil
}

// findEncodingProblem returns why the bytes are not a UTF-8 text, and the place of the first
// wrong byte; message is "" when they are.
func findEncodingProblem(data []byte) (message string, at Pos) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return "the file is UTF-16, not UTF-8", Pos{1, 1}
	case len(data) > 3 && (data[1] == 0 && data[3] == 0 || data[0] == 0 && data[2] == 0):
		return "the file is UTF-16 without a byte order mark, not UTF-8", Pos{1, 1}
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return "the file holds a NUL byte; it is not a text file", PosOf(data, i)
	}
	if utf8.Valid(data) {
		return "", Pos{}
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return "the file is not valid UTF-8", PosOf(data, i)
		}
		i += size
	}
	return "", Pos{}
}

// PosOf returns the place of a byte offset in data.
func PosOf(data []byte, offset int) Pos {
	before := data[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return Pos{bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1}
}

// UnreadableFault returns the fault config-unreadable for a file that cannot be read.
func UnreadableFault(name string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fault.Usage("config-unreadable", "%s: %w", name, err).
		WithHint("make it readable: chmod u+r %s", name)
}

// tooLargeFault returns the fault config-too-large.
func tooLargeFault(name string) error {
	return fault.Usage("config-too-large", "%s: is larger than 4 MB", name).
		WithHint("a flowgate.yaml is a few kilobytes; check that -config names the right file")
}
