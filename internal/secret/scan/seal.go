package scan

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/trust"
)

// Seal authenticates the files in which results of scans are remembered: a person who
// could write one could hide findings.
type Seal struct {
	Root   string // folder of the installation that contains the files
	Getenv func(string) string
}

// maxSealedBytes bounds a file that is read back.
const maxSealedBytes = 256 << 20

// errSeal means that the file has no valid signature of this user for this place.
var errSeal = errors.New("it was not written by this user's FlowGate in this folder")

// read returns what write wrote, when the file and its folders belong to this user
// alone and the file has this user's signature for this place.
func (s Seal) read(path string) ([]byte, error) {
	key, err := trust.LoadKey(s.Getenv)
	if err != nil {
		return nil, err
	}
	b, err := trust.ReadState(s.Root, path, maxSealedBytes)
	if err != nil {
		return nil, err
	}
	mac, body, _ := bytes.Cut(b, []byte("\n"))
	if !key.Verifies(string(mac), "cache", trust.Place(path), body) {
		return nil, errSeal
	}
	return body, nil
}

// write writes a file with a signature before it. It makes the folder if necessary, and
// has git ignore that.
func (s Seal) write(path string, body []byte) error {
	key, err := trust.EnsureKey(s.Getenv)
	if err != nil {
		return fmt.Errorf("sign the cache: %w", err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make a folder for the cache: %w", err)
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Lstat(ignore); err != nil {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o600); err != nil {
			return fmt.Errorf("write the cache: %w", err)
		}
	}
	mac := key.MAC("cache", trust.Place(path), body)
	if err := renameio.WriteFile(path, append([]byte(mac+"\n"), body...), 0o600); err != nil {
		return fmt.Errorf("write the cache: %w", err)
	}
	return nil
}
