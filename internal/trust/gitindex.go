package trust

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// maxIndex bounds the git index that is read: that of a million files is about 100 MB.
const maxIndex = 256 << 20

// CheckUntracked reports as a fault when git tracks a file below one of paths:
// then it came with a commit, and is not what FlowGate wrote here. It reads the
// indexes of the repositories that paths lie in, without git. Faults:
// state-untrusted.
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

// checkRepository looks for path in the index of the work tree top, if that is one.
func checkRepository(top, path string) error {
	dir, err := gitDir(top)
	if dir == "" || err != nil {
		return err
	}
	rel, err := filepath.Rel(top, path)
	if err != nil {
		return err
	}
	indexes, _ := filepath.Glob(filepath.Join(dir, "sharedindex.*")) // the pattern is right
	for _, index := range append(indexes, filepath.Join(dir, "index")) {
		tracked, err := trackedBelow(index, filepath.ToSlash(rel))
		if err != nil {
			return fault.Usage("state-untrusted", "read which files git tracks in %s: %w", index, err).
				WithHint("repair the repository, or work in a folder outside of it")
		}
		if tracked != "" {
			return fault.Usage("state-untrusted", "git tracks %s, so it came with a commit and is not believed", filepath.Join(top, tracked)).
				WithHint("git rm --cached it and remove it: FlowGate makes its own")
		}
	}
	return nil
}

// gitDir returns the git folder of the work tree top, "" when top is none.
func gitDir(top string) (string, error) {
	at := filepath.Join(top, ".git")
	info, err := os.Stat(at)
	if err != nil {
		return "", nil //nolint:nilerr // no repository that git could use either
	}
	if info.IsDir() {
		return at, nil
	}
	data, err := readBounded(at, 64<<10) // of a worktree or a submodule: "gitdir: PATH"
	if err != nil {
		return "", fault.Usage("state-untrusted", "read %s: %w", at, err).WithHint("repair the repository")
	}
	dir := strings.TrimSpace(strings.TrimPrefix(string(data), "gitdir:"))
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(top, dir)
	}
	return dir, nil
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := safefile.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it is larger than %d bytes", limit)
	}
	return data, err
}

// trackedBelow returns the first name in an index that is path or lies below it.
func trackedBelow(index, path string) (string, error) {
	data, err := readBounded(index, maxIndex)
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
		if strings.EqualFold(name, path) || len(name) > len(path) && name[len(path)] == '/' && strings.EqualFold(name[:len(path)], path) {
			return name, nil
		}
	}
	return "", nil
}

var errIndex = errors.New("it is not a git index that can be read")

// indexNames returns the paths in a git index of version 2, 3 or 4, whose entries
// have hashes of so many bytes (gitformat-index(5)).
func indexNames(data []byte, hashSize int) ([]string, error) {
	if len(data) < 12 || !bytes.HasPrefix(data, []byte("DIRC")) {
		return nil, errIndex
	}
	version, count := binary.BigEndian.Uint32(data[4:]), int(binary.BigEndian.Uint32(data[8:]))
	if version < 2 || version > 4 || count > len(data)/(40+hashSize) {
		return nil, errIndex
	}
	names := make([]string, 0, count)
	before := ""
	for at := 12; len(names) < count; {
		name, next, ok := indexEntry(data, at, hashSize, version, before)
		if !ok {
			return nil, errIndex
		}
		names, at, before = append(names, name), next, name
	}
	return names, nil
}

// indexEntry reads the entry at a place and says where the next begins.
func indexEntry(data []byte, at, hashSize int, version uint32, before string) (name string, next int, ok bool) {
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
		strip, used := indexVarint(data[min(at, len(data)):])
		if used == 0 || strip > len(before) {
			return "", 0, false
		}
		prefix, at = before[:len(before)-strip], at+used
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

// indexVarint reads a number as git's pack format writes offsets; used is 0 when
// it is cut off or not one of ours.
func indexVarint(data []byte) (n, used int) {
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
