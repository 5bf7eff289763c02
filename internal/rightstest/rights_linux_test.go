package rightstest_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/rightstest"
)

func TestADiskIsAsSmallAsAsked(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	dir := filepath.Join(t.TempDir(), "disk")
	rightstest.SmallDisk(t, dir, "16k")
	if err := os.WriteFile(filepath.Join(dir, "x"), make([]byte, 20<<10), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("20 kB on 16: %v", err)
	}
}

func TestAReadOnlyFolderIsOneUntilItIsUndone(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	dir := t.TempDir()
	undo := rightstest.ReadOnly(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); !errors.Is(err, syscall.EROFS) {
		t.Errorf("written: %v", err)
	}
	undo()
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
		t.Error(err)
	}
}

func TestPermissionsHoldForAnOrdinaryTest(t *testing.T) {
	t.Parallel()
	t.Run("and for a part of one (1/2)", func(t *testing.T) {
		t.Parallel()
		if !rightstest.Ordinary(t) {
			return
		}
		file := filepath.Join(t.TempDir(), "closed")
		if err := os.WriteFile(file, []byte("x"), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := os.ReadFile(file); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("a closed file was read: %v", err)
		}
		if err := os.Chown(file, 12345, 12345); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("a file was given away: %v", err)
		}
	})
}

func TestAProcessHasAllNumbersForItself(t *testing.T) {
	t.Parallel()
	if !rightstest.PIDs(t) {
		return
	}
	if os.Getpid() != 1 {
		t.Errorf("number %d", os.Getpid())
	}
}

// TestWhatBecomesOfATestElsewhereItBecomesHere runs TestEnds in all ways.
func TestWhatBecomesOfATestElsewhereItBecomesHere(t *testing.T) {
	t.Parallel()
	for ending, want := range map[string]string{"fail": "--- FAIL: TestEnds", "skip": "--- SKIP: TestEnds",
		"part": "--- SKIP: TestEnds", "exit": "--- FAIL: TestEnds", "pass": "--- PASS: TestEnds"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^TestEnds$")
		cmd.Env = append(os.Environ(), "RIGHTS_TEST_ENDING="+ending)
		if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), want+" (") || ending != "exit" &&
			!strings.Contains(string(out), "said elsewhere") && ending != "pass" {
			t.Errorf("%s: %s", ending, out)
		}
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	ending := os.Getenv("RIGHTS_TEST_ENDING")
	if ending == "" || !rightstest.PIDs(t) {
		return
	}
	switch ending {
	case "fail":
		t.Error("said elsewhere")
	case "skip":
		t.Skip("said elsewhere")
	case "part":
		t.Run("part", func(t *testing.T) { t.Skip("said elsewhere") })
	case "exit":
		os.Exit(0)
	}
}
