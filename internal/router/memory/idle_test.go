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
		budget, loan := newLoan(128 << 20)
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
		take(65 << 20)
		loan.GiveBack() // a request that ends after the router
		time.Sleep(time.Minute)
		expect("when much was held after the end", 3)
	})
}

// TestMemoryIsReturnedOnceLittleIsHeld is about requests that go on, of which some hold much for longer than others.
func TestMemoryIsReturnedOnceLittleIsHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		budget, loan := newLoan(128 << 20)
		var returned atomic.Int32
		budget.Observe(func() { returned.Add(1) })
		goOn := func() {
			for range 5 {
				if err := loan.Take(1); err != nil {
					t.Fatal(err)
				}
				loan.Release(1)
				time.Sleep(500 * time.Millisecond)
			}
			synctest.Wait()
		}
		if err := loan.Take(65 << 20); err != nil {
			t.Fatal(err)
		}
		loan.Release(50 << 20)
		if goOn(); returned.Load() != 0 {
			t.Errorf("returned %d times with 15 MiB held", returned.Load())
		}
		loan.GiveBack()
		if goOn(); returned.Load() != 1 {
			t.Errorf("returned %d times, not once", returned.Load())
		}
		for _, n := range []int64{65 << 20, 20 << 20} { // the second one before a second is over
			loan.GiveBack()
			if err := loan.Take(n); err != nil {
				t.Fatal(err)
			}
		}
		if goOn(); returned.Load() != 1 {
			t.Errorf("returned %d times with 20 MiB held again", returned.Load())
		}
		if loan.GiveBack(); budget.Held() != 0 {
			t.Errorf("%d bytes are held", budget.Held())
		}
		budget.Close()
	})
}

// TestCloseWaitsForMemoryThatIsBeingReturned holds that up.
func TestCloseWaitsForMemoryThatIsBeingReturned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		budget, loan := newLoan(64 << 20)
		release := make(chan struct{})
		budget.Observe(func() { <-release })
		if err := loan.Take(1); err != nil {
			t.Fatal(err)
		}
		loan.GiveBack()
		time.Sleep(time.Minute)
		var isClosed atomic.Bool
		go func() {
			budget.Close()
			isClosed.Store(true)
		}()
		if synctest.Wait(); isClosed.Load() {
			t.Error("Close did not wait")
		}
		close(release)
		if synctest.Wait(); !isClosed.Load() {
			t.Error("Close waits for ever")
		}
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
