package trust_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// stateHome returns an environment with a state folder of its own.
func stateHome(t *testing.T) (dir string, getenv func(string) string) {
	t.Helper()
	base := t.TempDir()
	return filepath.Join(base, "flowgate"), func(name string) string {
		if name == "XDG_STATE_HOME" {
			return base
		}
		return ""
	}
}

func TestOfManyAtOnceOneMakesTheKey(t *testing.T) {
	t.Parallel()
	dir, getenv := stateHome(t)
	if _, err := trust.LoadKey(getenv); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("there is no key yet: %v", err)
	}
	var wg sync.WaitGroup
	macs := make([]string, 20)
	for i := range macs {
		wg.Go(func() {
			key, err := trust.EnsureKey(getenv)
			if err != nil {
				t.Error(err)
			}
			macs[i] = key.MAC("a", "/b", []byte("c"))
		})
	}
	wg.Wait()
	for _, mac := range macs {
		if mac == "" || mac != macs[0] {
			t.Fatalf("several keys: %v", macs)
		}
	}
	for path, want := range map[string]fs.FileMode{dir: fs.ModeDir | 0o700, filepath.Join(dir, "state.key"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "state.key"), 0o622); err != nil {
		t.Fatal(err)
	}
	if _, err := trust.LoadKey(getenv); fault.From(err).Code != "not-yours" {
		t.Errorf("a key that others can write: %v", err)
	}
}

func TestASignatureHoldsForOneTextOfOneKindInOnePlace(t *testing.T) {
	t.Parallel()
	_, getenv := stateHome(t)
	key, err := trust.EnsureKey(getenv)
	if err != nil {
		t.Fatal(err)
	}
	doc := []byte("{\n  \"a\": 1\n}\n")
	sealed := key.Seal("kind", "/place", doc)
	if got, err := key.Open("kind", "/place", sealed); err != nil || !bytes.Equal(got, doc) {
		t.Fatalf("%q, %v", got, err)
	}
	compact := key.Seal("kind", "/place", []byte(`{"a":1}`))
	if got, err := key.Open("kind", "/place", compact); err != nil || !bytes.Equal(got, doc) {
		t.Errorf("one line: %q, %v", got, err)
	}
	var plain struct{ A int }
	if err := json.Unmarshal(sealed, &plain); err != nil || plain.A != 1 {
		t.Errorf("versions that do not know signatures cannot read it: %v", err)
	}
	_, otherHome := stateHome(t)
	other, err := trust.EnsureKey(otherHome)
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another kind":  func() ([]byte, error) { return key.Open("other", "/place", sealed) },
		"another place": func() ([]byte, error) { return key.Open("kind", "/other", sealed) },
		"another text": func() ([]byte, error) {
			return key.Open("kind", "/place", bytes.Replace(sealed, []byte("1"), []byte("2"), 1))
		},
		"another user":   func() ([]byte, error) { return other.Open("kind", "/place", sealed) },
		"no key":         func() ([]byte, error) { return trust.Key{}.Open("kind", "/place", sealed) },
		"a member after": func() ([]byte, error) { return key.Open("kind", "/place", append(bytes.Clone(sealed), "x"...)) },
	} {
		if _, err := open(); err == nil {
			t.Errorf("%s is believed", name)
		}
	}
	if _, err := key.Open("kind", "/place", doc); !errors.Is(err, trust.ErrUnsigned) {
		t.Errorf("without a signature: %v", err)
	}
}

func TestOnlyFilesOfOurOwnAreReadAsState(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arrange func(root, file string) error
		code    string
	}{
		"as it should be":         {func(string, string) error { return nil }, ""},
		"a file others can write": {func(_, file string) error { return os.Chmod(file, 0o602) }, "not-yours"},
		"a file a group writes":   {func(_, file string) error { return os.Chmod(file, 0o620) }, "not-yours"},
		"its folder":              {func(_, file string) error { return os.Chmod(filepath.Dir(file), 0o777) }, "not-yours"},
		"the root":                {func(root, _ string) error { return os.Chmod(root, 0o703) }, "not-yours"},
		"the folder above":        {func(root, _ string) error { return os.Chmod(filepath.Dir(root), 0o777) }, "not-yours"},
		"a sticky folder above": {func(root, _ string) error { return os.Chmod(filepath.Dir(root), 0o777|fs.ModeSticky) },
			""},
		"too large": {func(_, file string) error { return os.WriteFile(file, make([]byte, 11), 0o600) },
			"state-untrusted"},
		"a sparse file": {func(_, file string) error { return os.Truncate(file, 1<<40) }, "state-untrusted"},
		"a link": {func(root, file string) error {
			return behindLink(file,
				filepath.Join(filepath.Dir(root), "other"))
		}, "not-yours"},
		"a folder that is a link": {func(root, file string) error {
			return behindLink(filepath.Dir(file), filepath.Join(filepath.Dir(root), "other"))
		}, "not-yours"},
		"a root that is a link": {func(root, _ string) error {
			return behindLink(root,
				filepath.Join(filepath.Dir(root), "other"))
		}, ""},
		"a pipe": {func(_, file string) error {
			return errors.Join(os.Remove(file),
				syscall.Mkfifo(file, 0o600))
		}, "internal"},
	} {
		root := filepath.Join(t.TempDir(), ".router")
		file := filepath.Join(root, "generations", "state")
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("1234567890"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.arrange(root, file); err != nil {
			t.Fatal(err)
		}
		data, err := trust.ReadState(root, file, 10)
		code := ""
		if err != nil {
			code = fault.From(err).Code
		}
		if code != c.code || c.code == "" && string(data) != "1234567890" {
			t.Errorf("%s: %q, %v, want %q", name, data, err, c.code)
		}
	}
}

// behindLink moves a file or folder to other and leaves a link.
func behindLink(path, other string) error {
	return errors.Join(os.Rename(path, other), os.Symlink(other, path))
}
