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

// buildManifest lists all files of a folder in the order of their names, one a line:
// digest, mode, path. Of a symbolic link the digest is that of its target's
// name. FlowGate's own two files in it are left out.
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

// quoteName returns a file's name as it stands in a manifest: one that would end its
// line, or looks quoted itself, is quoted.
func quoteName(name string) string {
	if strings.ContainsAny(name, "\n\r") || strings.HasPrefix(name, `"`) {
		return strconv.Quote(name)
	}
	return name
}

// fingerprintFile returns the digest and the mode that a manifest has of a file.
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

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Tampered is the detail of the fault store-tampered.
type Tampered struct {
	Path    string   `json:"path"`
	Changed []string `json:"changed"` // files within it that are changed, gone or new; at most ten
}

// Verify hashes an install's files and compares them with what was recorded
// when it was made: it finds damage and changes by accident or by another
// program. 700 MB take about a second. Fault: store-tampered.
func Verify(in Install) error {
	now, err := buildManifest(in.Path)
	if err != nil {
		return unreadableFault(in.Path, err)
	}
	if digest(now) == in.Tree {
		return nil
	}
	then, err := safefile.Read(filepath.Join(in.Path, manifestName), safefile.BulkLimit)
	if err != nil || digest(then) != in.Tree {
		return tamperedFault(in, nil, "its manifest is damaged as well")
	}
	names := changedFiles(then, now)
	return tamperedFault(in, names, names[0]+" is not as it was installed")
}

// changedFiles names the files whose lines are in only one of two manifests.
func changedFiles(a, b []byte) []string {
	const most = 10
	lines := map[string]int{}
	for line := range strings.Lines(string(a)) {
		lines[line]++
	}
	names := []string{}
	seen := map[string]bool{}
	add := func(line string) {
		if _, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			_, name, _ := strings.Cut(rest, " ")
			if !seen[name] && len(names) < most {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	for line := range strings.Lines(string(b)) {
		if lines[line] == 0 {
			add(line)
		}
		delete(lines, line)
	}
	for line := range strings.Lines(string(a)) {
		if _, gone := lines[line]; gone {
			add(line)
		}
	}
	return names
}

func unreadableFault(path string, err error) error {
	return fault.New("store-unreadable", "read the store at %s: %w", path, err).
		WithHint("its files must belong to you")
}
