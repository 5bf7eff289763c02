package ownfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/ownfile"
	"github.com/flowgate-go/flowgate/internal/ownfile/ownfiletest"
	"github.com/flowgate-go/flowgate/internal/rightstest"
)

func TestAFileOfAMountedSecretIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if ownfile.IsMounted(dir) {
		t.Error("an ordinary folder is taken for a mounted one")
	}
	for _, text := range []string{"first", "second"} {
		ownfiletest.Mount(t, dir, map[string]string{"f": text})
		data, err := ownfile.ReadMounted(dir, "f", 100)
		if err != nil || string(data) != text || !ownfile.IsMounted(dir) {
			t.Errorf("%q %v", data, err)
		}
	}
	if _, err := ownfile.ReadMounted(dir, "none", 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := ownfile.ReadMounted(dir, "f", 3); !fault.HasCode(err, "state-untrusted") {
		t.Errorf("a large file: %v", err)
	}
	if _, err := ownfile.Read(filepath.Join(dir, "f"), 100); !fault.HasCode(err, "not-yours") {
		t.Errorf("an ordinary file may be a link: %v", err)
	}
}

func TestAFileIsThereWhileTheSecretChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ownfiletest.Mount(t, dir, map[string]string{"f": "text"})
	done := make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if data, err := ownfile.ReadMounted(dir, "f", 100); err != nil || string(data) != "text" {
				t.Errorf("%q %v", data, err)
				return
			}
		}
	})
	for range 200 {
		ownfiletest.Mount(t, dir, map[string]string{"f": "text"})
	}
	close(done)
	reading.Wait()
}

func TestAMountedFileThatOthersCanWriteIsRefused(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(dir, data string) error{
		"the file":         func(_, data string) error { return os.Chmod(filepath.Join(data, "f"), 0o666) },
		"its folder":       func(_, data string) error { return os.Chmod(data, 0o777) },
		"the folder above": func(dir, _ string) error { return os.Chmod(dir, 0o777) },
		"a link out of it": func(dir, _ string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "..data")), os.Symlink("/etc", filepath.Join(dir, "..data")))
		},
		"a link to above": func(dir, _ string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "..data")), os.Symlink("..", filepath.Join(dir, "..data")))
		},
		"a link to a folder of people": func(dir, data string) error {
			return errors.Join(os.Rename(data, filepath.Join(dir, "mine")), os.Remove(filepath.Join(dir, "..data")),
				os.Symlink("mine", filepath.Join(dir, "..data")))
		},
		"the file is a link": func(_, data string) error {
			return errors.Join(os.Remove(filepath.Join(data, "f")), os.Symlink("/etc/hostname", filepath.Join(data, "f")))
		},
	} {
		dir := t.TempDir()
		ownfiletest.Mount(t, dir, map[string]string{"f": "text"})
		data, err := os.Readlink(filepath.Join(dir, "..data"))
		if err := errors.Join(err, spoil(dir, filepath.Join(dir, data))); err != nil {
			t.Fatal(err)
		}
		if _, err := ownfile.ReadMounted(dir, "f", 100); !fault.HasCode(err, "not-yours") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAFolderWithTheStickyBitIsAsKubernetesMountsIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ownfiletest.Mount(t, dir, map[string]string{"f": "text"})
	if err := os.Chmod(dir, 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if data, err := ownfile.ReadMounted(dir, "f", 100); err != nil || string(data) != "text" {
		t.Errorf("%q %v", data, err)
	}
}

func TestAMountedFileOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "mounted") // another user cannot reach the folder that t.TempDir makes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	script := `mkdir ..theirs && chmod 755 ..theirs && echo text > ..theirs/f && chmod 644 ..theirs/f && ln -s ..theirs ..data`
	other := rightstest.Other(t, "sh", "-c", "cd "+dir+" && "+script)
	if out, err := other.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() { _ = rightstest.Other(t, "rm", "-rf", filepath.Join(dir, "..theirs")).Run() })
	if _, err := ownfile.ReadMounted(dir, "f", 100); !fault.HasCode(err, "not-yours") {
		t.Error(err)
	}
}
