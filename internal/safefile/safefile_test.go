package safefile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/safefile"
)

func TestOnlyARegularFileIsReadAndNothingBlocks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, pipe, link := filepath.Join(dir, "file"), filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(file, []byte("text"), 0o600), syscall.Mkfifo(pipe, 0o600),
		os.Symlink(file, link)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, link} {
		if b, err := safefile.Read(name, 4); string(b) != "text" || err != nil {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	for _, name := range []string{pipe, dir, "/dev/zero"} {
		if _, err := safefile.Read(name, 4); !errors.Is(err, safefile.ErrNotRegular) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := safefile.Read(filepath.Join(dir, "none"), 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
}

func TestAFileBeyondTheLimitIsNotRead(t *testing.T) {
	t.Parallel()
	sparse := filepath.Join(t.TempDir(), "sparse")
	if err := errors.Join(os.WriteFile(sparse, nil, 0o600), os.Truncate(sparse, 1<<40)); err != nil {
		t.Fatal(err)
	}
	if _, err := safefile.Read(sparse, safefile.DocumentLimit); !errors.Is(err, safefile.ErrTooLarge) {
		t.Errorf("a sparse file: %v", err)
	}
	if err := os.Truncate(sparse, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := safefile.Read(sparse, 4); !errors.Is(err, safefile.ErrTooLarge) {
		t.Errorf("one byte too many: %v", err)
	}
	if b, err := safefile.Read(sparse, 5); len(b) != 5 || err != nil {
		t.Errorf("as large as may be: %d, %v", len(b), err)
	}
	// its size is 0
	if _, err := safefile.Read("/proc/self/maps", 16); !errors.Is(err, safefile.ErrTooLarge) &&
		!errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that does not say its size: %v", err)
	}
}
