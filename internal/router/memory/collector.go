package memory

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// How much the heap grows between two garbage collections, in percent of what is in use (GOGC). Against Go's
// 100 it saves CPU (docs/benchmarks.md). While a small heap is in use it grows by more: it stays below what
// streams or long bodies fill anyway.
const (
	usualGrowth = 125
	smallGrowth = 200
	smallHeap   = 5 << 19 // bytes: 2.5 MiB
)

// Collector adapts the garbage collector to how much of the heap is in use, after each collection.
type Collector struct {
	mu       sync.Mutex
	sample   [1]metrics.Sample
	growth   int // that is in force
	previous int // that was in force before the Collector
	isEnded  bool
	observe  func(growth int) // is called after each collection, for tests; may be nil
}

// collection becomes garbage with the next collection. It has a pointer, since the runtime keeps objects
// without one longer.
type collection struct{ *Collector }

// StartCollector starts to adapt the garbage collector. It is one for the whole process.
func StartCollector() *Collector {
	c := &Collector{growth: smallGrowth}
	c.sample[0].Name = "/gc/heap/live:bytes" // what the last collection left
	c.previous = debug.SetGCPercent(c.growth)
	c.awaitCollection()
	return c
}

// awaitCollection has adapt called after the next collection.
func (c *Collector) awaitCollection() { runtime.AddCleanup(&collection{c}, (*Collector).adapt, c) }

// adapt sets the growth for the heap that the last collection left.
func (c *Collector) adapt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isEnded {
		return
	}
	metrics.Read(c.sample[:])
	if growth := growthOf(c.sample[0].Value.Uint64()); growth != c.growth {
		c.growth = growth
		debug.SetGCPercent(growth)
	}
	if c.observe != nil {
		c.observe(c.growth)
	}
	c.awaitCollection()
}

// growthOf returns the growth for a heap of which so many bytes are in use.
func growthOf(inUse uint64) int {
	if inUse <= smallHeap {
		return smallGrowth
	}
	return usualGrowth
}

// Stop restores the growth that was in force before.
func (c *Collector) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isEnded {
		c.isEnded = true
		debug.SetGCPercent(c.previous)
	}
}
