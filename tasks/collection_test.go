package tasks

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

// TestOnlyTheFirstCollectionOfATargetThatEndsIsLate is not parallel: how the heap grows is the process's setting.
func TestOnlyTheFirstCollectionOfATargetThatEndsIsLate(t *testing.T) {
	const usual = 77
	defer debug.SetGCPercent(debug.SetGCPercent(usual))
	check := func(when string, want uint64) {
		t.Helper()
		if got := heapGrowth(); got != want {
			t.Errorf("%s: the heap grows by %d %% rather than by %d %%", when, got, want)
		}
	}
	t.Setenv("GOGC", "")
	_ = run(t.Context(), "status", func(context.Context, session) (any, error) {
		check("before the first collection", firstGrowth)
		deadline := time.Now().Add(10 * time.Second)
		for heapGrowth() != usual && time.Now().Before(deadline) {
			runtime.GC()
		}
		check("after the first collection", usual)
		return nil, nil
	})
	_ = run(t.Context(), "status", func(context.Context, session) (any, error) {
		check("in the next target", firstGrowth)
		return nil, nil
	})
	check("after a target without a collection", usual)
	_ = runServer(t.Context(), "echo:serve", func(context.Context, session) error {
		check("in a server", usual)
		return nil
	})
	t.Setenv("GOGC", "77")
	_ = run(t.Context(), "status", func(context.Context, session) (any, error) {
		check("with the operator's GOGC", usual)
		return nil, nil
	})
}

// heapGrowth returns by how many percent the heap grows between two garbage collections.
func heapGrowth() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
