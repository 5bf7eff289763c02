package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// buildManifest returns the manifest of a folder: a line with digest, mode and path for
// each file, in the order of their names. The digest of a symbolic link is that of its
// target's name. It leaves out the record and the manifest.
func buildManifest(dir string) ([]byte, error) {
	var out bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || rel == recordName || rel == manifestName {
			return err
		}
		sum, mode, err := fingerprintFile(path, d)
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "%s %s %s\n", sum, mode, quoteName(filepath.ToSlash(rel)))
		return nil
	})
	return out.Bytes(), err
}

// quoteName returns a file's name for a manifest: quoted if it has a line break or begins
// with a quote.
func quoteName(name string) string {
	if strings.ContainsAny(name, "\n\r") || strings.HasPrefix(name, `"`) {
		return strconv.Quote(name)
	}
	return name
}

// fingerprintFile returns the digest and the mode of a file for a manifest.
func fingerprintFile(path string, d fs.DirEntry) (sum, mode string, err error) {
	if d.Type()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(path)
		h := sha256.Sum256([]byte(target))
		return hex.EncodeToString(h[:]), "link", err
	}
	f, err := safefile.Open(path)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", "", err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", "", err
	}
	return hex.EncodeToString(h.Sum(nil)), fmt.Sprintf("%04o", info.Mode().Perm()), nil
}

// hashOf returns "sha256:" and the hexadecimal SHA-256 of data.
func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Tampered is the detail of the fault store-tampered.
type Tampered struct {
	Path    string   `json:"path"`
	Changed []string `json:"changed"` // files within it that are changed, gone or new; at most ten
}

// Verify returns a fault when an install's files differ from those that were recorded
// when it was made, through damage or a change. It hashes all files; 700 MB take about
// a second. Faults: store-tampered, store-unreadable.
func Verify(in Install) error {
	current, err := buildManifest(in.Path)
	if err != nil {
		return unreadableFault(in.Path, err)
	}
	if hashOf(current) == in.Tree {
		return nil
	}
	recorded, err := safefile.Read(filepath.Join(in.Path, manifestName), safefile.BulkLimit)
	if err != nil || hashOf(recorded) != in.Tree {
		return tamperedFault(in, nil, "its manifest is damaged too")
	}
	names := changedFiles(recorded, current)
	return tamperedFault(in, names, names[0]+" is not as it was installed")
}

// changedFiles returns the names of at most ten files whose lines are in only one of two
// manifests.
func changedFiles(recorded, current []byte) []string {
	const maxNames = 10
	lines := map[string]int{}
	for line := range strings.Lines(string(recorded)) {
		lines[line]++
	}
	names := []string{}
	seen := map[string]bool{}
	add := func(line string) {
		if _, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			_, name, _ := strings.Cut(rest, " ")
			if !seen[name] && len(names) < maxNames {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	for line := range strings.Lines(string(current)) {
		if lines[line] == 0 {
			add(line)
		}
		delete(lines, line)
	}
	for line := range strings.Lines(string(recorded)) {
		if _, isGone := lines[line]; isGone {
			add(line)
		}
	}
	return names
}

// unreadableFault returns the fault store-unreadable for a failed read.
func unreadableFault(path string, err error) error {
	return fault.New("store-unreadable", "read the store at %s: %w", path, err).
		WithHint("its files must belong to you")
}
