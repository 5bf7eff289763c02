package keylimit_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/ownfile/ownfiletest"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// keysOf returns the content of the file of keys of a store.
func keysOf(t *testing.T, store clientkey.Store) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(store.Folder, clientkey.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{clientkey.FileName: string(text)}
}

func TestKeysOfAMountedSecretAreFollowedAndTheirSpendIsKeptElsewhere(t *testing.T) {
	t.Parallel()
	clock := routertest.NewClock()
	home := clientkey.Store{Folder: t.TempDir(), Now: clock.Now}
	first, err := home.Create(t.Context(), "a", clientkey.Limits{MaxBudget: new(1.0)})
	if err != nil {
		t.Fatal(err)
	}
	mounted, spends := t.TempDir(), t.TempDir()
	ownfiletest.Mount(t, mounted, keysOf(t, home))
	options := keylimit.Options{Now: clock.Now, Interval: 2 * time.Millisecond, SpendFolder: spends}
	f := &fixture{t, home, clock, keylimit.Open(mounted, options)}
	if f.find(first.Key) == nil {
		t.Fatal("the key is not known")
	}
	second, err := home.Create(t.Context(), "b", clientkey.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := home.Revoke(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	ownfiletest.Mount(t, mounted, keysOf(t, home))
	routertest.Eventually(t, "the new key is known", func() bool { return f.find(second.Key) != nil })
	if f.find(first.Key).CheckValid(clock.Now()) == nil {
		t.Error("the revoked key is valid")
	}
	f.Count(used("b", 10, 0.5))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again := keylimit.Open(mounted, options)
	defer again.Close()
	for _, u := range again.List() {
		if u.Spend.Spend != 0.5 {
			t.Errorf("%+v", u)
		}
	}
	if _, err := os.Lstat(filepath.Join(mounted, clientkey.SpendFileName)); err == nil {
		t.Error("something was written into the mounted folder")
	}
}

func TestWithoutAFolderForItTheSpendOfAMountedSecretIsKeptInMemory(t *testing.T) {
	t.Parallel()
	clock := routertest.NewClock()
	home := clientkey.Store{Folder: t.TempDir(), Now: clock.Now}
	if _, err := home.Create(t.Context(), "a", clientkey.Limits{}); err != nil {
		t.Fatal(err)
	}
	mounted := t.TempDir()
	ownfiletest.Mount(t, mounted, keysOf(t, home))
	var log bytes.Buffer
	l := keylimit.Open(mounted, keylimit.Options{Now: clock.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	l.Count(used("a", 10, 0.5))
	if all := l.List(); len(all) != 1 || all[0].Spend.Spend != 0.5 {
		t.Errorf("%+v", all)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "in memory only"); n != 1 {
		t.Errorf("%d of:\n%s", n, log.String())
	}
}

func TestKeysOfAMountedSecretAreNotChangedThere(t *testing.T) {
	t.Parallel()
	mounted := t.TempDir()
	ownfiletest.Mount(t, mounted, map[string]string{clientkey.FileName: `{"version":1,"keys":[]}`})
	_, err := clientkey.Store{Folder: mounted}.Create(t.Context(), "a", clientkey.Limits{})
	if !fault.HasCode(err, "keys-read-only") || !strings.Contains(fault.From(err).Hint, "kubectl create secret generic") {
		t.Errorf("%v", err)
	}
}

func TestASpendThatCannotBeWrittenIsLoggedOnce(t *testing.T) {
	t.Parallel()
	clock := routertest.NewClock()
	store := clientkey.Store{Folder: t.TempDir(), Now: clock.Now}
	if _, err := store.Create(t.Context(), "a", clientkey.Limits{}); err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	l := keylimit.Open(store.Folder, keylimit.Options{Now: clock.Now, Interval: time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(&log, nil))})
	blocked := filepath.Join(store.Folder, clientkey.SpendFileName)
	if err := os.MkdirAll(filepath.Join(blocked, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	l.Count(used("a", 10, 0.5))
	routertest.Eventually(t, "it is logged", func() bool { return strings.Contains(log.String(), "cannot be kept") })
	time.Sleep(20 * time.Millisecond) // a moment in which it could be logged again
	_ = l.Close()
	if n := strings.Count(log.String(), "cannot be kept"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
}

// lockedBuffer is a buffer for two goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// Write adds p.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

// String returns what was written.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}
