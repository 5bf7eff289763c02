package flock_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/flock"
)

func TestATakenLockIsRefusedUntilItsHolderClosesIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	held, err := flock.Take(t.Context(), path, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, wait := range []time.Duration{0, 20 * time.Millisecond} {
		if _, err := flock.Take(t.Context(), path, wait); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waited %v: %v", wait, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := flock.Take(ended, path, flock.UntilDone); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that ended: %v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() { _ = held.Close() })
	second, err := flock.Take(t.Context(), path, flock.UntilDone)
	if err != nil {
		t.Fatal(err)
	}
	_ = second.Close()
}

func TestTheHolderOfALockIsFound(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	if _, isHeld := flock.Holder(path); isHeld {
		t.Error("a file that does not exist is held")
	}
	held, err := flock.Take(t.Context(), path, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	if runtime.GOOS == "linux" {
		want = os.Getpid()
	}
	if pid, isHeld := flock.Holder(path); !isHeld || pid != want && pid != 0 {
		t.Errorf("held %v by %d, want %d", isHeld, pid, want)
	}
	_ = held.Close()
	if _, isHeld := flock.Holder(path); isHeld {
		t.Error("a released lock is held")
	}
	reader, err := os.Open(path) // another Holder that looks at the same moment
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if err := syscall.Flock(int(reader.Fd()), syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	if _, isHeld := flock.Holder(path); isHeld {
		t.Error("who asks for the holder of a lock holds it")
	}
}

func TestALinkIsNotLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "lock")); err != nil {
		t.Fatal(err)
	}
	if _, err := flock.Take(t.Context(), filepath.Join(dir, "lock"), 0); err == nil {
		t.Error("a lock was made through a link")
	}
}
