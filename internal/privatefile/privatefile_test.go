package privatefile_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/privatefile"
)

func TestASecretIsWrittenForItsUserAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	path := filepath.Join(dir, "key.json")
	for _, text := range []string{"first", "second"} {
		if err := privatefile.Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		info, _ := os.Stat(path)
		if err != nil || string(got) != text || info.Mode() != 0o600 {
			t.Errorf("%q with mode %v, %v", got, info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, %v", info.Mode(), err)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
		t.Errorf("left beside it: %v", names)
	}
}

func TestAFileIsPrivateAndHiddenUntilItIsComplete(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key.json")
	f, err := privatefile.Begin(path)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(f.Name())
	if info, err := os.Stat(f.Name()); err != nil || info.Mode() != 0o600 || name[0] != '.' || filepath.Ext(name) == ".json" {
		t.Errorf("%s, %v, %v", name, info.Mode(), err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("it is there before it was finished: %v", err)
	}
	if err := privatefile.Finish(f, path, []byte("x")); err != nil {
		t.Error(err)
	}
}

func TestAPlaceThatCannotBeWrittenIsAFaultAndChangesNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := privatefile.Write(filepath.Join(file, "below"), nil); !fault.HasCode(err, "write-failed") {
		t.Errorf("below a file: %v", err)
	}
	if got, _ := os.ReadFile(file); string(got) != "old" {
		t.Errorf("%q", got)
	}
}

func TestARestoredFileHasItsOldModeAndTime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
	was, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := privatefile.Write(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if err := privatefile.Restore(path, []byte("old"), was); err != nil {
		t.Fatal(err)
	}
	if now, err := os.Stat(path); err != nil || now.Mode() != was.Mode() || !now.ModTime().Equal(at) {
		t.Errorf("%v at %v, %v", now.Mode(), now.ModTime(), err)
	}
}
