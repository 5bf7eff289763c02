package tripwire_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stamp is what the kernel notes of a file or a folder. Everything that is done to it changes the
// time (ctime), which nobody can set back; to make, rename or remove a file in a folder is done to the folder.
type stamp struct {
	mode    uint32
	owner   uint32
	inode   uint64
	size    int64
	changed unix.Timespec
}

// look returns the zero stamp for what is not there. Unlike os.Lstat it leaves no line in the log of what a
// test examined, which the go command goes through afterwards.
func look(path string) stamp {
	var s unix.Stat_t
	if err := unix.Lstat(path, &s); err != nil {
		return stamp{}
	}
	return stamp{uint32(s.Mode), s.Uid, s.Ino, s.Size, s.Ctim} //nolint:unconvert // 16 bits on macOS
}

// free are the places below a checkout's base that may change: the test's own, the user's records, and git's.
var free = []string{"tmp", "fired", "home/.local", "tree/.git"}

// snapshot is the stamp of every file and folder but those in free places.
func (c *checkout) snapshot() map[string]stamp {
	all := map[string]stamp{}
	_ = filepath.WalkDir(c.base, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(c.base, path)
		switch {
		case err != nil: // what is not there is not in the map
		case slices.Contains(free, rel), c.mayWrite && rel == "tree":
			if d.IsDir() {
				return fs.SkipDir
			}
		default:
			all[rel] = look(path)
		}
		return nil
	})
	return all
}

// isAs reports whether everything is as in a snapshot. Nothing has to be listed for it:
// what is new shows by its folder.
func (c *checkout) isAs(before map[string]stamp) bool {
	for path, s := range before {
		if look(filepath.Join(c.base, path)) != s {
			return false
		}
	}
	return true
}

// snapshotEvery is how many command lines run between two looks: to examine every file after
// each of them takes as long as the command lines themselves. A file that was written and put
// back meanwhile shows by its time.
const snapshotEvery = 10

// runAll runs command lines in the checkout and fails the test when one changed something.
func (c *checkout) runAll(all [][]string, become func(*testing.T, string, ...string) *exec.Cmd) {
	c.t.Helper()
	before := c.snapshot()
	for some := range slices.Chunk(all, snapshotEvery) {
		for _, words := range some {
			c.run(words, become)
		}
		if !c.isAs(before) {
			now := c.snapshot()
			c.t.Errorf("one of %v changed %s", some, diffFiles(now, before))
			before = now
		}
	}
}

func diffFiles(a, b map[string]stamp) (paths []string) {
	for path := range a {
		if a[path] != b[path] {
			paths = append(paths, path)
		}
	}
	for path := range b {
		if _, ok := a[path]; !ok {
			paths = append(paths, "-"+path)
		}
	}
	return paths
}

// TestEveryKindOfChangeIsSeen: what a snapshot overlooks, a target could do unnoticed.
func TestEveryKindOfChangeIsSeen(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.plant("")
	mine, theirs := filepath.Join(c.home, ".ssh"), filepath.Join(c.tree, "hooks")
	past := time.Unix(1, 0)
	for what, change := range map[string]func() error{
		"a new file":    func() error { return os.WriteFile(filepath.Join(c.base, "new"), nil, 0o600) },
		"a new folder":  func() error { return os.Mkdir(filepath.Join(c.tree, "new"), 0o700) },
		"another mode":  func() error { return os.Chmod(filepath.Join(c.home, "events.log"), 0o640) },
		"a removed one": func() error { return os.Remove(filepath.Join(theirs, "pre-commit")) },
		"another link": func() error {
			link := filepath.Join(c.tree, "link")
			return errors.Join(os.Symlink(mine, link+"2"), os.Rename(link+"2", link))
		},
		"another text of the same length at the same time": func() error {
			file := filepath.Join(c.home, ".bashrc")
			return errors.Join(os.Chtimes(file, past, past), os.WriteFile(file, []byte("# MINE\n"), 0o644),
				os.Chtimes(file, past, past))
		},
		"a file that came and went": func() error {
			file := filepath.Join(mine, "authorized_keys")
			return errors.Join(os.WriteFile(file, nil, 0o600), os.Remove(file))
		},
	} {
		before := c.snapshot()
		if !c.isAs(before) {
			t.Fatalf("before %s something differs", what)
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if c.isAs(before) || len(diffFiles(c.snapshot(), before)) == 0 {
			t.Errorf("not seen: %s", what)
		}
	}
}
