// Package keyfile stores keys in files of one line: Ensure makes a key that does not
// exist yet, Store keeps one that there is, Read returns one. They serve FlowGate's own keys
// and credentials that a configuration names.
//
// It never overwrites a key, and a key never appears in its errors.
package keyfile

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/safefile"
)

// maxKeyBytes is the size above which Read refuses a file; real keys are below 4 kB.
const maxKeyBytes = 64 << 10

// Errors of Read, next to those of the file system.
var (
	ErrEmpty         = errors.New("the file is empty")
	ErrMultipleLines = errors.New("the file holds more than one line")
	ErrTooLarge      = errors.New("the file is larger than 64 kB, so it is not a key")
)

// New returns a new key: "sk-" and 48 hexadecimal digits, 192 random bits.
func New() string {
	raw := make([]byte, 24)
	_, _ = rand.Read(raw) // never fails (crypto/rand since Go 1.24)
	return "sk-" + hex.EncodeToString(raw)
}

// Read returns the key in path, without surrounding white space. open reports whether
// other users may read the file.
func Read(path string) (key string, open bool, err error) {
	f, err := safefile.Open(path)
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", false, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyBytes+1))
	if err != nil {
		return "", false, err
	}
	trimmed := bytes.TrimSpace(data)
	switch {
	case len(data) > maxKeyBytes:
		return "", false, ErrTooLarge
	case len(trimmed) == 0:
		return "", false, ErrEmpty
	case bytes.ContainsAny(trimmed, "\r\n"):
		return "", false, ErrMultipleLines
	}
	return string(trimmed), info.Mode().Perm()&0o077 != 0, nil
}

// Ensure returns the key in path and first makes one when the file does not exist: 0600
// in a folder 0700. Of several concurrent callers one makes the key and all return it.
func Ensure(path string) (key string, created bool, err error) {
	if key, _, err = Read(path); !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", false, err
	}
	key = New()
	switch err := writeNew(path, []byte(key+"\n")); {
	case errors.Is(err, fs.ErrExist):
		key, _, err = Read(path)
		return key, false, err
	case err != nil:
		return "", false, err
	}
	return key, true, nil
}

// Store keeps a key in path, 0600 in a folder 0700, and reports whether it made the file: one that is there
// already must hold the same key and be the owner's alone. Errors: fs.ErrExist for a file with another key or that
// others may read, ErrTooLarge, and those of the file system.
func Store(path, key string) (created bool, err error) {
	if len(key)+1 > maxKeyBytes {
		return false, ErrTooLarge
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return false, err
	}
	if err = writeNew(path, []byte(key+"\n")); !errors.Is(err, fs.ErrExist) {
		return err == nil, err
	}
	if existing, isOpen, readErr := Read(path); readErr == nil && existing == key && !isOpen {
		return false, nil
	}
	return false, err
}

// writeNew creates path with data in one step, or fails with fs.ErrExist.
func writeNew(path string, data []byte) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Sync()
	}
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Link(temp.Name(), path)
}
