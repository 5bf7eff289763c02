package page_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/page"
)

// watched is a server whose end is waited for, in a bubble of synctest.
type watched struct {
	server *page.Server
	alone  atomic.Bool
	dir    string
	log    strings.Builder // read after the end
	ended  atomic.Int64    // nanoseconds after the beginning; 0: not yet
	stop   context.CancelFunc
	done   chan struct{}
}

// watch begins to wait for the end of a server.
func watch(t *testing.T, alone bool) *watched {
	w := &watched{dir: filepath.Join(t.TempDir(), "run"), done: make(chan struct{})}
	w.alone.Store(alone)
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	sources := page.Sources{Now: time.Now, Program: "mage"}
	w.server = page.New(sources)
	o := page.ServeOptions{Sources: sources, RuntimeDir: w.dir, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
		Alone: func(context.Context) bool { return w.alone.Load() }}
	ctx, stop := context.WithCancel(t.Context())
	w.stop = stop
	begun := time.Now()
	go func() {
		defer close(w.done)
		o.Watch(ctx, w.server)
		w.ended.Store(int64(time.Since(begun)))
	}()
	return w
}

// pass lets time pass, and returns after how long the server had ended by then; 0: it goes on.
func (w *watched) pass(d time.Duration) time.Duration {
	time.Sleep(d)
	synctest.Wait()
	return time.Duration(w.ended.Load())
}

// end ends what is left.
func (w *watched) end() {
	w.stop()
	<-w.done
	w.server.Close()
}

func TestThePageEndsWhenNobodyHasLookedForAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, false)
		defer w.end()
		if at := w.pass(14*time.Minute + 59*time.Second); at != 0 {
			t.Fatalf("it ended after %s", at)
		}
		w.server.Look()
		if at := w.pass(14 * time.Minute); at != 0 {
			t.Fatalf("it ended after %s although somebody looked", at)
		}
		at := w.pass(time.Minute + 10*time.Second)
		if at < 29*time.Minute || !strings.Contains(w.log.String(), "nobody has looked") {
			t.Errorf("it ended after %s: %s", at, w.log.String())
		}
	})
}

func TestThePageGoesOnWhileItIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, false)
		defer w.end()
		hide := w.server.Show()
		if at := w.pass(3 * time.Hour); at != 0 {
			t.Fatalf("it ended after %s", at)
		}
		hide()
		if at := w.pass(16 * time.Minute); at < 3*time.Hour+15*time.Minute-5*time.Second {
			t.Errorf("it ended after %s", at)
		}
	})
}

func TestThePageEndsAMinuteAfterTheStack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, false)
		defer w.end()
		w.server.Show()
		w.pass(7 * time.Second)
		w.alone.Store(true)
		w.pass(50 * time.Second)
		w.alone.Store(false) // it was restarted
		w.pass(7 * time.Second)
		w.alone.Store(true)
		if at := w.pass(50 * time.Second); at != 0 {
			t.Fatalf("it ended after %s", at)
		}
		if at := w.pass(20 * time.Second); at < 2*time.Minute || at > 2*time.Minute+10*time.Second ||
			!strings.Contains(w.log.String(), "the stack is gone") {
			t.Errorf("it ended after %s: %s", at, w.log.String())
		}
	})
}

func TestThePageOfAStackThatNeverRanGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, true)
		defer w.end()
		w.server.Show()
		if at := w.pass(time.Hour); at != 0 {
			t.Fatalf("it ended after %s", at)
		}
		if err := os.Remove(w.dir); err != nil {
			t.Fatal(err)
		}
		if at := w.pass(10 * time.Second); at == 0 {
			t.Error("it goes on although its runtime folder is gone")
		}
	})
}
