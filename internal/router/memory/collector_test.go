package memory_test

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/memory"
)

// gogc returns the percentage by which the heap grows now.
func gogc() int {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

// TestASmallHeapGrowsByMore is not parallel: there is one heap.
func TestASmallHeapGrowsByMore(t *testing.T) {
	before, collected := gogc(), make(chan int, 100)
	collector := memory.StartCollector()
	collector.Observe(func(growth int) { collected <- growth })
	expect := func(when string, want int) {
		for range 20 { // what is not in use any more may be found by the collection after the next
			runtime.GC()
			if <-collected == want {
				break
			}
		}
		if got := gogc(); got != want {
			t.Errorf("%s: the heap grows by %d %%, not by %d", when, got, want)
		}
	}
	expect("little is in use", 200)
	held := make([]byte, 8<<20)
	expect("8 MiB are in use", 125)
	runtime.KeepAlive(held)
	expect("little is in use again", 200)
	collector.Stop()
	collector.Stop()
	held = make([]byte, 8<<20)
	for range 3 { // a cleanup that was queued already changes nothing
		runtime.GC()
	}
	time.Sleep(50 * time.Millisecond) // a moment in which it could
	runtime.KeepAlive(held)
	if got := gogc(); got != before {
		t.Errorf("afterwards: the heap grows by %d %%, before by %d", got, before)
	}
}
