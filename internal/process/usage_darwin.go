package process

import (
	"context"
	"errors"
	"time"

	gopsutil "github.com/shirou/gopsutil/v4/process"
)

// ReadUsage returns what a process uses, and ErrGone when it has ended.
func ReadUsage(ctx context.Context, pid int) (Usage, error) {
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
	u.Files, u.Sockets = countDescriptors(pid)
	return u, nil
}
