package process

import (
	"context"
	"errors"
	"time"

	gopsutil "github.com/shirou/gopsutil/v4/process"
)

// Usage is what a process uses now.
type Usage struct {
	CPU     time.Duration // since it began, user and system
	RSS     int64         // bytes of memory
	Files   int           // descriptors; -1 where that is not told
	Sockets int           // those of them that are sockets; -1 where that is not told
}

// Measure asks the system what a process uses. ErrGone when there is none.
func Measure(ctx context.Context, pid int) (Usage, error) {
	p := &gopsutil.Process{Pid: int32(pid)}
	times, err := p.TimesWithContext(ctx)
	if err != nil {
		return Usage{}, errors.Join(ErrGone, err)
	}
	memory, err := p.MemoryInfoWithContext(ctx)
	if err != nil {
		return Usage{}, errors.Join(ErrGone, err)
	}
	u := Usage{
		CPU: time.Duration((times.User + times.System) * float64(time.Second)),
		RSS: int64(memory.RSS),
	}
	u.Files, u.Sockets = descriptors(pid)
	return u, nil
}
