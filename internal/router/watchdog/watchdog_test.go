package watchdog_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/watchdog"
)

func TestAGuardThatWasStoppedDoesNothingMore(t *testing.T) {
	t.Parallel()
	var w watchdog.Watchdog
	var fired, late atomic.Int32
	var owner sync.WaitGroup
	for i := range 8 {
		owner.Go(func() {
			for n := range 200 {
				var stopped atomic.Bool
				guard := w.Guard(time.Duration(500+100*(i+n)%700)*time.Microsecond, func() {
					fired.Add(1)
					time.Sleep(20 * time.Microsecond) // as an expiry that is in progress
					if stopped.Load() {
						late.Add(1)
					}
				})
				time.Sleep(800 * time.Microsecond)
				guard.Stop()
				stopped.Store(true)
			}
		})
	}
	owner.Wait()
	if fired.Load() == 0 || late.Load() > 0 {
		t.Errorf("of %d expiries %d were still in progress when their guard had been stopped", fired.Load(), late.Load())
	}
}

func TestAnEndThatIsSetLateIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w watchdog.Watchdog
		begun := time.Now()
		var expired time.Duration
		guard := w.Guard(time.Hour, func() { expired = time.Since(begun) })
		time.Sleep(time.Minute) // an answer takes a minute to begin
		guard.EndAfter(guard.Elapsed() + 5*time.Second)
		time.Sleep(time.Hour)
		synctest.Wait()
		if expired != 65*time.Second {
			t.Errorf("the guard expired after %v, want 65 s", expired)
		}
	})
}
