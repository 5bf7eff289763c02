package flock_test

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/flock"
)

// TestTheHolderIsFoundWhileOtherLocksComeAndGo has so many locks that the kernel prints their table in several pieces,
// which do not fit together when locks end in between.
func TestTheHolderIsFoundWhileOtherLocksComeAndGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	held, err := flock.Take(t.Context(), path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	var others sync.WaitGroup
	done := make(chan struct{})
	defer others.Wait()
	defer close(done)
	for i := range 4 {
		others.Go(func() { takeManyUntil(t, done, filepath.Join(dir, strconv.Itoa(i))) })
	}
	for range 200 {
		if pid, isHeld := flock.Holder(path); !isHeld || pid != os.Getpid() {
			t.Fatalf("held %v by %d, want %d", isHeld, pid, os.Getpid())
		}
	}
}

// takeManyUntil takes and releases a hundred locks again and again.
func takeManyUntil(t *testing.T, done <-chan struct{}, path string) {
	for {
		var taken []*os.File
		for i := range 100 {
			file, err := flock.Take(t.Context(), path+"."+strconv.Itoa(i), 0)
			if err != nil {
				t.Error(err)
				return
			}
			taken = append(taken, file)
		}
		for _, file := range taken {
			_ = file.Close()
		}
		select {
		case <-done:
			return
		default:
		}
	}
}
