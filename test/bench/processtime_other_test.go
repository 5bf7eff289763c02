//go:build !linux

package bench_test

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/internal/process"
)

// processTime returns the processor time of a process.
func processTime(ctx context.Context, pid int) (time.Duration, error) {
	usage, err := process.ReadUsage(ctx, pid)
	return usage.CPU, err
}

// fileMemory returns 0: it is not known here.
func fileMemory(int) int64 { return 0 }
