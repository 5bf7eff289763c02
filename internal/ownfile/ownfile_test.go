package ownfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/ownfile"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

func TestAFileOfOnesOwnIsRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	writeFile(t, path, "abcd", 0o644)
	if data, err := ownfile.Read(path, 4); err != nil || string(data) != "abcd" {
		t.Errorf("%q %v", data, err)
	}
	_, err := ownfile.Read(path, 3)
	if f := fault.From(err); f.Code != "state-untrusted" || !strings.Contains(f.Message, "3 bytes") || f.Hint == "" {
		t.Errorf("a file that is larger than allowed: %+v", f)
	}
	if _, err := ownfile.Read(path+"-absent", 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestAFileThatOthersCanChangeIsNotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	writeFile(t, target, "x", 0o600)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	group, world := filepath.Join(dir, "group"), filepath.Join(dir, "world")
	writeFile(t, group, "x", 0o620)
	writeFile(t, world, "x", 0o602)
	for path, want := range map[string]string{
		link:  "is a symbolic link",
		group: "can be written by others (mode 0620)",
		world: "can be written by others (mode 0602)",
	} {
		_, err := ownfile.Read(path, 10)
		if f := fault.From(err); f.Code != "not-yours" || !strings.Contains(f.Message, want) {
			t.Errorf("%s: %+v", filepath.Base(path), f)
		}
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if why := ownfile.WhyNotOwn(info); why != want {
			t.Errorf("%s: why %q", filepath.Base(path), why)
		}
	}
}

func TestTheHintCanBePasted(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "my folder")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	writeFile(t, file, "x", 0o666)
	if err := errors.Join(os.Symlink(file, link), os.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file: "keep other users out: chmod go-w '" + file + "', or work in a folder of your own",
		link: "put the real file or folder in the place of the link, or work in a folder of your own",
		dir: "keep other users out: chmod go-w '" + dir + "', or chmod +t '" + dir + "' where all users share it" +
			", or work in a folder of your own",
	} {
		if hint := ownfile.Fault(path, "is open").Hint; hint != want {
			t.Errorf("%s: %q", filepath.Base(path), hint)
		}
	}
}

// A pipe that nobody writes to would hold the reader for ever.
func TestAPipeIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ownfile.Read(path, 10); !errors.Is(err, safefile.ErrNotRegular) {
		t.Errorf("a pipe: %v", err)
	}
}

// The names of the program are this test's alone, so it does not run beside the others.
func TestTheHintForAnotherUsersFileNamesThatUser(t *testing.T) {
	program.SetName("go tool flowgate")
	t.Cleanup(func() { program.SetName("mage") })
	dir := t.TempDir()
	for _, folder := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(folder, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "theirs")
	if out, err := rightstest.Other(t, "touch", path).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	_, err := ownfile.Read(path, 10)
	f := fault.From(err)
	if f.Code != "not-yours" || !strings.Contains(f.Message, "belongs to user ") ||
		!strings.Contains(f.Hint, "sudo -u nobody go tool flowgate ") {
		t.Errorf("%+v", f)
	}
	if uid, foreign := ownfile.ForeignOwner(path); !foreign || uid == os.Geteuid() {
		t.Errorf("user %d, foreign %v", uid, foreign)
	}
	if uid, foreign := ownfile.ForeignOwner(dir); foreign || uid != os.Geteuid() {
		t.Errorf("a folder of one's own: user %d, foreign %v", uid, foreign)
	}
	if uid, foreign := ownfile.ForeignOwner(path + "-absent"); foreign || uid != -1 {
		t.Errorf("a file that is not there: user %d, foreign %v", uid, foreign)
	}
}

// writeFile writes a file that has exactly the mode, whatever the umask is.
func writeFile(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
