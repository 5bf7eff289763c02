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

func TestGuardsAreStartedAndStoppedInAnyOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w watchdog.Watchdog
		var expired [60]time.Duration
		guards := make([]*watchdog.Guard, len(expired))
		begun := time.Now()
		for i := range guards {
			guards[i] = w.Guard(time.Duration(1+i%3)*time.Minute, func() { expired[i] = time.Since(begun) })
		}
		for i := 0; i < len(guards); i += 5 {
			guards[i].Stop()
			guards[i].Stop() // nothing to stop
		}
		time.Sleep(90 * time.Second)
		for i := range guards { // those that have expired, too
			if i%4 == 1 {
				guards[i].Stop()
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		for i, at := range expired {
			want := time.Duration(1+i%3) * time.Minute
			if i%5 == 0 || i%4 == 1 && want > 90*time.Second {
				want = 0
			}
			if at != want {
				t.Errorf("guard %d expired after %v, want %v", i, at, want)
			}
		}
	})
}
