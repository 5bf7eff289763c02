//go:build !linux

package preview

import "runtime/debug"

// PrepareHeap makes the heap of a command that reads one file and then ends cheap to fill: garbage is
// collected rarely.
func PrepareHeap(string) { debug.SetGCPercent(growth) }
