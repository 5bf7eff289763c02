package tasks

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestTheFolderForTemporaryFilesOfTestsIsOursAndStaysTheSame(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	folder := takeTestFolder(above)
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o755 || filepath.Dir(folder) != above {
		t.Fatalf("%q: %v, %v", folder, info, err)
	}
	older := time.Now().Add(-maxTestAge - time.Minute)
	for _, name := range []string{"of tests that were killed", "of tests that run now"} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Join(path, "001"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, older, older); err != nil {
			t.Fatal(err)
		}
		older = time.Now()
	}
	if again := takeTestFolder(above); again != folder {
		t.Errorf("the next time: %q", again)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 || entries[0].Name() != "of tests that run now" {
		t.Errorf("%v, %v", entries, err)
	}
	guard := &homeGuard{state: t.TempDir(), temp: folder}
	if env := guard.env(); len(env) != 2 || env[1] != "TMPDIR="+folder {
		t.Errorf("%q", env)
	}
	guard.close()
	if _, err := os.Stat(folder); err != nil {
		t.Errorf("the folder of tests that run was removed: %v", err)
	}
}

func TestAFolderForTemporaryFilesThatIsNotOursIsNotUsed(t *testing.T) {
	t.Parallel()
	ways := map[string]func(folder string) error{
		"others may write": func(folder string) error { return os.Mkdir(folder, 0o700) },
		"a link":           func(folder string) error { return os.Symlink(t.TempDir(), folder) },
		"a file":           func(folder string) error { return os.WriteFile(folder, nil, 0o600) },
	}
	for what, replace := range ways {
		above := t.TempDir()
		folder := takeTestFolder(above)
		if err := errors.Join(os.Remove(folder), replace(folder)); err != nil {
			t.Fatal(err)
		}
		if what == "others may write" {
			if err := os.Chmod(folder, 0o777); err != nil { // whatever the umask is
				t.Fatal(err)
			}
		}
		if got := takeTestFolder(above); got != "" {
			t.Errorf("%s: %q", what, got)
		}
	}
}

func TestTemporaryFilesOfTestsStayWhereTheDeveloperHasThem(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"TMPDIR", "GOTMPDIR"} {
		if folder := makeTestFolder(func(asked string) string { return map[string]string{name: "/x"}[asked] }); folder != "" {
			t.Errorf("%s: %q", name, folder)
		}
	}
	if hasTestRoom("/proc") || hasTestRoom("/nowhere") {
		t.Error("what is not in memory, or not there, has room")
	}
}
