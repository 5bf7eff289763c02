package preview_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"github.com/flowgate-go/flowgate/internal/preview"
)

// TestThePreparedHeapHasHugePages is not parallel: there is one heap.
func TestThePreparedHeapHasHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skipf("the kernel has no huge pages: %v", err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	file := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(file, make([]byte, 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	preview.PrepareHeap(file)
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	isAsked := false // "hg" among a mapping's flags: huge pages were asked for (proc_pid_smaps(5))
	for line := range bytes.Lines(maps) {
		isAsked = isAsked || bytes.HasPrefix(line, []byte("VmFlags:")) && bytes.Contains(line, []byte(" hg"))
	}
	if !isAsked {
		t.Error("no memory of this process was asked to be huge pages")
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	if inUse := sample[0].Value.Uint64(); inUse > 32<<20 {
		t.Errorf("%d bytes are in use: the heap cannot use what was prepared", inUse)
	}
	if percent := sample[1].Value.Uint64(); percent != 400 {
		t.Errorf("the heap grows by %d %%", percent)
	}
}
