package keyfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/sourcegraph/conc/iter"
)

func TestEnsureMakesAPrivateKeyOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets", "gateway.key")
	key, created, err := keyfile.Ensure(path)
	if err != nil || !created || len(key) != 51 || !strings.HasPrefix(key, "sk-") {
		t.Fatalf("got %d characters, %v, %v", len(key), created, err)
	}
	for file, mode := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	again, created, err := keyfile.Ensure(path)
	if again != key || created || err != nil {
		t.Errorf("the second call: %v, %v", created, err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("files left: %v", entries)
	}
}

func TestManyAtOnceAllGetTheSameKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "k")
	type outcome struct {
		key     string
		created bool
	}
	callers := make([]struct{}, 32)
	got := iter.Mapper[struct{}, outcome]{MaxGoroutines: len(callers)}.Map(callers, func(*struct{}) outcome {
		key, created, err := keyfile.Ensure(path)
		if err != nil {
			t.Error(err)
		}
		return outcome{key, created}
	})
	makers := 0
	for _, o := range got {
		if o.key != got[0].key || o.key == "" {
			t.Error("keys differ")
		}
		if o.created {
			makers++
		}
	}
	if makers != 1 {
		t.Errorf("%d made the key", makers)
	}
}

func TestReadRefusesAnInvalidKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "k")
	for text, want := range map[string]error{
		"": keyfile.ErrEmpty, " \n": keyfile.ErrEmpty, "a\nb\n": keyfile.ErrMultipleLines,
		strings.Repeat("x", 70<<10): keyfile.ErrTooLarge,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := keyfile.Read(path); !errors.Is(err, want) {
			t.Errorf("%.10q: got %v", text, err)
		}
		if _, created, err := keyfile.Ensure(path); created || !errors.Is(err, want) {
			t.Errorf("%.10q: Ensure: %v, %v", text, created, err)
		}
	}
	if _, _, err := keyfile.Read(filepath.Dir(path)); err == nil {
		t.Error("a folder is read")
	}
}

func TestReadTrimsAndSaysWhoCanRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "k")
	if err := os.WriteFile(path, []byte(" sk-a \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if key, open, err := keyfile.Read(path); key != "sk-a" || open || err != nil {
		t.Errorf("got %q, %v, %v", key, open, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, open, err := keyfile.Read(path); !open || err != nil {
		t.Errorf("got %v, %v", open, err)
	}
}

func TestAKeyIsStoredOnceAndReplacesNone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets", "team.key")
	if created, err := keyfile.Store(path, "sk-team"); !created || err != nil {
		t.Fatalf("%v, %v", created, err)
	}
	for file, mode := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	if created, err := keyfile.Store(path, "sk-team"); created || err != nil {
		t.Errorf("the same key once more: %v, %v", created, err)
	}
	if created, err := keyfile.Store(path, "sk-other"); created || !errors.Is(err, fs.ErrExist) {
		t.Errorf("another key: %v, %v", created, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := keyfile.Store(path, "sk-team"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that others may read: %v", err)
	}
	long := strings.Repeat("x", 64<<10)
	if created, err := keyfile.Store(path+"2", long); created || !errors.Is(err, keyfile.ErrTooLarge) {
		t.Errorf("a key that Read refuses: %v, %v", created, err)
	}
	if key, _, err := keyfile.Read(path); key != "sk-team" || err != nil {
		t.Errorf("%q, %v", key, err)
	}
}
