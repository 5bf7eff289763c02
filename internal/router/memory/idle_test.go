package memory_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestMemoryIsReturnedWhenNothingIsTaken looks at bursts of requests with pauses between them.
func TestMemoryIsReturnedWhenNothingIsTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		budget, loan := newLoan(64 << 20)
		var returned atomic.Int32
		budget.Observe(func() { returned.Add(1) })
		take := func(n int64) {
			if err := loan.Take(n); err != nil {
				t.Fatal(err)
			}
		}
		expect := func(when string, want int32) {
			synctest.Wait()
			if got := returned.Load(); got != want {
				t.Errorf("%s: returned %d times, not %d", when, got, want)
			}
		}
		for burst := range int32(2) {
			for range 20 {
				take(1)
				loan.GiveBack()
				time.Sleep(time.Second)
			}
			expect("while requests come", burst)
			time.Sleep(5 * time.Second)
			expect("5 s after them", burst+1)
			time.Sleep(time.Hour)
			expect("an hour after them", burst+1)
		}
		take(32 << 20)
		time.Sleep(time.Minute)
		expect("with much held", 2)
		loan.GiveBack()
		time.Sleep(5 * time.Second)
		expect("5 s after that", 3)

		budget.Close()
		take(1)
		time.Sleep(time.Minute)
		expect("after the end", 3)
	})
}

// TestMemoryIsReturnedSoonAfterMuchWasHeld is about requests that go on meanwhile.
func TestMemoryIsReturnedSoonAfterMuchWasHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		budget, loan := newLoan(128 << 20)
		var returned atomic.Int32
		budget.Observe(func() { returned.Add(1) })
		for range 10 {
			if err := loan.Take(65 << 20); err != nil {
				t.Fatal(err)
			}
			loan.GiveBack()
			time.Sleep(500 * time.Millisecond)
		}
		if synctest.Wait(); returned.Load() != 0 {
			t.Errorf("returned %d times while much is taken", returned.Load())
		}
		for range 5 {
			if err := loan.Take(1); err != nil {
				t.Fatal(err)
			}
			loan.GiveBack()
			time.Sleep(500 * time.Millisecond)
		}
		if synctest.Wait(); returned.Load() != 1 {
			t.Errorf("returned %d times while little is taken, not once", returned.Load())
		}
		closing := time.Now()
		if budget.Close(); time.Since(closing) != 0 {
			t.Errorf("Close waits %v for a timer", time.Since(closing))
		}
	})
}
