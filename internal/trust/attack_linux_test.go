package trust_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// stateFile makes .router/runtime/state in a folder and returns .router and the file.
func stateFile(t *testing.T, dir, text string) (root, file string) {
	t.Helper()
	root = filepath.Join(dir, ".router")
	file = filepath.Join(root, "runtime", "state")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	return root, file
}

// TestWhatIsCheckedIsWhatIsRead swaps the file all the time for ones that are not
// to be believed: the check is of the very file that is open, so none of their
// texts comes through.
func TestWhatIsCheckedIsWhatIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, file := stateFile(t, dir, "mine")
	foreign := filepath.Join(dir, "foreign")
	stop := make(chan struct{})
	var swapper sync.WaitGroup
	swapper.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			next := filepath.Join(root, "next")
			switch i % 3 {
			case 0:
				_ = os.WriteFile(next, []byte("mine"), 0o600)
			case 1: // another's word: all may write it
				_ = os.WriteFile(next, []byte("forged"), 0o600)
				_ = os.Chmod(next, 0o666)
			case 2:
				_ = os.WriteFile(foreign, []byte("forged"), 0o600)
				_ = os.Symlink(foreign, next)
			}
			_ = os.Rename(next, file)
		}
	})
	read, refused := 0, 0
	for range 20_000 {
		data, err := trust.ReadState(root, file, 10)
		switch {
		case err == nil && string(data) == "mine":
			read++
		case err == nil:
			t.Fatalf("believed %q", data)
		default:
			refused++
		}
		if read > 100 && refused > 100 {
			break
		}
	}
	close(stop)
	swapper.Wait()
	if read == 0 || refused == 0 {
		t.Errorf("%d reads and %d refusals: the race was not run", read, refused)
	}
}

// TestAMountInThePlaceOfTheStateIsBelievedByItsOwner: it is not the mount that
// matters, but whose the folder is.
func TestAMountInThePlaceOfTheStateIsBelievedByItsOwner(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	for name, c := range map[string]struct {
		owner int
		mode  fs.FileMode
		code  string
	}{
		"the user's own": {os.Geteuid(), 0o700, ""},
		"open to all":    {os.Geteuid(), 0o777, "not-yours"},
		"another user's": {65534, 0o700, "not-yours"},
	} {
		elsewhere, dir := t.TempDir(), t.TempDir()
		source, _ := stateFile(t, elsewhere, "mounted")
		root, file := stateFile(t, dir, "below")
		err := errors.Join(os.Chmod(source, c.mode), os.Lchown(source, c.owner, -1))
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) {
			continue // only root gives a folder away
		}
		if err == nil {
			err = syscall.Mount(source, root, "", syscall.MS_BIND, "")
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(root, syscall.MNT_DETACH) })
		data, err := trust.ReadState(root, file, 10)
		if c.code == "" && (err != nil || string(data) != "mounted") || c.code != "" &&
			(err == nil || fault.From(err).Code != c.code) {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}

// TestAHardLinkIsTheFileThatItNames: a second name of another user's file is
// that user's, one of the user's own file says what the user wrote.
func TestAHardLinkIsTheFileThatItNames(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give a file away")
	}
	dir := t.TempDir()
	root, file := stateFile(t, dir, "mine")
	other := filepath.Join(dir, "other")
	err := errors.Join(os.Link(file, other), os.Lchown(other, 65534, -1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trust.ReadState(root, file, 10); err == nil || fault.From(err).Code != "not-yours" {
		t.Errorf("another user's: %v", err)
	}
	if err := os.Lchown(other, 0, -1); err != nil {
		t.Fatal(err)
	}
	if data, err := trust.ReadState(root, file, 10); err != nil || string(data) != "mine" {
		t.Errorf("the user's own: %q, %v", data, err)
	}
}

// TestAFolderThatAGroupSharesIsNotBelieved: two users work in one folder, by a
// group that both are in, with the modes that such folders have.
func TestAFolderThatAGroupSharesIsNotBelieved(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o770, 0o775, 0o770 | fs.ModeSetgid, 0o777} {
		dir := t.TempDir()
		root, file := stateFile(t, dir, "mine")
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		// the user's own group
		private := int(info.Sys().(*syscall.Stat_t).Gid) == os.Geteuid() && os.Geteuid() != 0 && mode != 0o777
		if _, err := trust.ReadState(root, file, 10); (err == nil) != private {
			t.Errorf("%v: %v", mode, err)
		}
	}
}
