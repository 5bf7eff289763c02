package tasks

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// firstGrowth is by how many percent the heap grows before the first garbage collection of a target that ends by itself,
// in place of Go's 100. The first collection is then due at 16 MiB rather than at 4, before which most targets have
// ended; docs/benchmarks.md has what that saves.
const firstGrowth = 400

// delayFirstCollection has the next garbage collection of this process come late. After that one, or when restore is
// called, the heap grows as before. The operator's GOGC wins. Calls must not overlap: each restores what it found.
func delayFirstCollection(getenv func(string) string) (restore func()) {
	if getenv("GOGC") != "" {
		return func() {}
	}
	previous := debug.SetGCPercent(firstGrowth)
	restore = sync.OnceFunc(func() { debug.SetGCPercent(previous) })
	// The next collection finds this one to be garbage. It has a pointer, since the runtime keeps objects without one
	// longer.
	type object struct{ restore func() }
	runtime.AddCleanup(&object{restore}, func(restore func()) { restore() }, restore)
	return restore
}
