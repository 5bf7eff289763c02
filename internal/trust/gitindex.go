package trust

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Bounds of the files of git that are read, in bytes. The index of a million files has
// about 100 MB.
const (
	maxIndex   = 256 << 20
	maxGitFile = 64 << 10 // the file .git of a worktree or a submodule
)

// CheckUntracked returns a fault when git tracks one of paths or a file below it: the file
// then came with a commit, and FlowGate did not write it here. It reads the index of every
// repository that contains the paths, and does not execute git. Fault: state-untrusted.
func CheckUntracked(paths ...string) error {
	for _, path := range paths {
		path = RealPath(path)
		for top := filepath.Dir(path); ; top = filepath.Dir(top) {
			if err := checkRepository(top, path); err != nil {
				return err
			}
			if top == filepath.Dir(top) {
				break
			}
		}
	}
	return nil
}

// checkRepository returns a fault when top is a work tree whose index has path.
func checkRepository(top, path string) error {
	dir, err := findGitDir(top)
	if dir == "" || err != nil {
		return err
	}
	rel, err := filepath.Rel(top, path)
	if err != nil {
		return err
	}
	indexes, _ := filepath.Glob(filepath.Join(dir, "sharedindex.*")) // the pattern is valid
	for _, index := range append(indexes, filepath.Join(dir, "index")) {
		tracked, err := findTracked(index, filepath.ToSlash(rel))
		if err != nil {
			return fault.Usage("state-untrusted", "read which files git tracks in %s: %w", index, err).
				WithHint("repair the repository, or work in a folder outside of it")
		}
		if tracked != "" {
			return fault.Usage("state-untrusted", "git tracks %s, so it came with a commit and FlowGate does not use it",
				filepath.Join(top, tracked)).
				WithHint("git rm --cached it and remove it: FlowGate makes its own")
		}
	}
	return nil
}

// findGitDir returns the git folder of the work tree top, "" when top is not a work tree.
func findGitDir(top string) (string, error) {
	at := filepath.Join(top, ".git")
	info, err := os.Stat(at)
	if err != nil {
		return "", nil //nolint:nilerr // git cannot use such a repository either
	}
	if info.IsDir() {
		return at, nil
	}
	data, err := safefile.Read(at, maxGitFile) // of a worktree or a submodule: "gitdir: PATH"
	if err != nil {
		return "", fault.Usage("state-untrusted", "read %s: %w", at, err).WithHint("repair the repository")
	}
	dir := strings.TrimSpace(strings.TrimPrefix(string(data), "gitdir:"))
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(top, dir)
	}
	return dir, nil
}

// findTracked returns the first name in an index that is path or lies below it, in any
// case of letters, as on macOS; "" when there is none.
func findTracked(index, path string) (string, error) {
	data, err := safefile.Read(index, maxIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	names, err := indexNames(data, 20)
	if err != nil { // a repository with SHA-256 has longer hashes
		names, err = indexNames(data, 32)
	}
	if err != nil {
		return "", err
	}
	for _, name := range names {
		isBelow := len(name) > len(path) && name[len(path)] == '/' && strings.EqualFold(name[:len(path)], path)
		if isBelow || strings.EqualFold(name, path) {
			return name, nil
		}
	}
	return "", nil
}

// errIndex is the error for data that is not a git index.
var errIndex = errors.New("it is not a git index that can be read")

// indexNames returns the paths in a git index of version 2, 3 or 4 whose entries have
// hashes of hashSize bytes (gitformat-index(5)).
func indexNames(data []byte, hashSize int) ([]string, error) {
	if len(data) < 12 || !bytes.HasPrefix(data, []byte("DIRC")) {
		return nil, errIndex
	}
	version, count := binary.BigEndian.Uint32(data[4:]), int(binary.BigEndian.Uint32(data[8:]))
	if version < 2 || version > 4 || count > len(data)/(40+hashSize) {
		return nil, errIndex
	}
	names := make([]string, 0, count)
	previous := ""
	for at := 12; len(names) < count; {
		name, next, ok := readEntry(data, at, hashSize, version, previous)
		if !ok {
			return nil, errIndex
		}
		names, at, previous = append(names, name), next, name
	}
	return names, nil
}

// readEntry returns the name of the entry at an offset and the offset of the next entry.
// previous is the name of the entry before it: version 4 leaves out what both begin with.
func readEntry(data []byte, at, hashSize int, version uint32, previous string) (name string, next int, ok bool) {
	begin := at
	at += 40 + hashSize // times, device, inode, mode, owner, size; hash
	if at+2 > len(data) {
		return "", 0, false
	}
	flags := binary.BigEndian.Uint16(data[at:])
	at += 2
	if flags&0x4000 != 0 && version >= 3 {
		at += 2
	}
	prefix := ""
	if version == 4 {
		strip, used := readVarint(data[min(at, len(data)):])
		if used == 0 || strip > len(previous) {
			return "", 0, false
		}
		prefix, at = previous[:len(previous)-strip], at+used
	}
	if at > len(data) {
		return "", 0, false
	}
	end := bytes.IndexByte(data[at:], 0) // 0 where a split index takes the name from the shared one
	if end < 0 || version < 4 && int(flags&0xfff) != min(end, 0xfff) {
		return "", 0, false
	}
	next = at + end + 1
	if version < 4 {
		next = begin + (at+end-begin+8)/8*8 // padded with one to eight NULs
	}
	return prefix + string(data[at:at+end]), next, next <= len(data)
}

// readVarint reads a number in the encoding of offsets in git's pack format. used is the
// number of bytes read, 0 when the number is cut off or longer than 5 bytes.
func readVarint(data []byte) (n, used int) {
	for used < len(data) && used < 5 {
		c := data[used]
		used++
		n |= int(c & 0x7f)
		if c&0x80 == 0 {
			return n, used
		}
		n = (n + 1) << 7
	}
	return 0, 0
}
