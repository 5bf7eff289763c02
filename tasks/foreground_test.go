package tasks_test

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"github.com/flowgate-go/flowgate/tasks"
)

// TestTheOperatorsMemorySettingsWin is not parallel: the settings are the process's. The heap of this test may
// be small or not, so that the router's own growth is one of two.
func TestTheOperatorsMemorySettingsWin(t *testing.T) {
	const gogc, operators = "/gc/gogc:percent", 77
	read := func() (growth uint64, limit int64) {
		sample := []metrics.Sample{{Name: gogc}}
		metrics.Read(sample)
		return sample[0].Value.Uint64(), debug.SetMemoryLimit(-1)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(operators))
	for _, c := range []struct {
		env                map[string]string
		setsGrowth, limits bool
	}{
		{nil, true, true},
		{map[string]string{"GOGC": "77"}, false, true},
		{map[string]string{"GOMEMLIMIT": "1GiB"}, true, false},
		{map[string]string{"GOGC": "77", "GOMEMLIMIT": "1GiB"}, false, false},
	} {
		restore := tasks.LimitMemory(func(name string) string { return c.env[name] })
		growth, limit := read()
		if c.setsGrowth != (growth == 125 || growth == 200) || !c.setsGrowth && growth != operators {
			t.Errorf("%v: the heap grows by %d %%", c.env, growth)
		}
		if c.limits != (limit == 512<<20) || !c.limits && limit != math.MaxInt64 {
			t.Errorf("%v: the limit is %d bytes", c.env, limit)
		}
		restore()
		if growth, limit = read(); growth != operators || limit != math.MaxInt64 {
			t.Errorf("%v: afterwards the heap grows by %d %%, and the limit is %d bytes", c.env, growth, limit)
		}
	}
}
