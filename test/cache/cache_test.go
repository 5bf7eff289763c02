package cache_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sourcegraph/conc/pool"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/test/cache"
)

// put fills a folder with one file.
func put(_ context.Context, dir string) error {
	return os.WriteFile(filepath.Join(dir, "thing"), []byte("whole"), 0o600)
}

func TestOneOfManyCallersBuilds(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "new", "root")
	var builds atomic.Int32
	p := pool.New().WithErrors()
	for range 8 {
		p.Go(func() error {
			dir, err := cache.Folder(t.Context(), root, "k", func(ctx context.Context, dir string) error {
				builds.Add(1)
				return put(ctx, dir)
			})
			if err != nil {
				return err
			}
			_, err = os.ReadFile(filepath.Join(dir, "thing"))
			return err
		})
	}
	if err := p.Wait(); err != nil || builds.Load() != 1 {
		t.Errorf("%d builds, %v", builds.Load(), err)
	}
}

func TestAFailedBuildIsDoneAnewFromAnEmptyFolder(t *testing.T) {
	t.Parallel()
	root, broken := t.TempDir(), errors.New("broken")
	_, err := cache.Folder(t.Context(), root, "k", func(_ context.Context, dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "half"), nil, 0o600), broken)
	})
	if !errors.Is(err, broken) {
		t.Fatalf("error %v, want the build's own", err)
	}
	dir, err := cache.Folder(t.Context(), root, "k", put)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "half")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the first build's half is still there: %v", err)
	}
}

func TestWaitingForAnotherBuilderEndsWithTheContext(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	started, release := make(chan struct{}), make(chan struct{})
	first := pool.New().WithErrors()
	first.Go(func() error {
		_, err := cache.Folder(t.Context(), root, "k", func(ctx context.Context, dir string) error {
			close(started)
			<-release
			return put(ctx, dir)
		})
		return err
	})
	<-started
	ctx, cancel := context.WithTimeout(t.Context(), 120*time.Millisecond)
	defer cancel()
	_, err := cache.Folder(ctx, root, "k", put)
	if fault.From(err) == nil || fault.From(err).Code != "cache-busy" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want cache-busy for the deadline", err)
	}
	close(release)
	if err := first.Wait(); err != nil {
		t.Error(err)
	}
}

func TestARootThatIsAFileIsAFault(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(root, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Folder(t.Context(), root, "k", put); err == nil || fault.From(err).Code != "cache-unwritable" {
		t.Errorf("error %v, want cache-unwritable", err)
	}
}

func TestAKeyTellsItsInputsApart(t *testing.T) {
	t.Parallel()
	one := cache.Key([]byte("ab"), []byte("c"))
	if one == cache.Key([]byte("a"), []byte("bc")) || one != cache.Key([]byte("ab"), []byte("c")) || len(one) != 16 {
		t.Errorf("key %q", one)
	}
}
