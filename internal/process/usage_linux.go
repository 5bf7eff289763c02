package process

import (
	"context"
	"errors"
	"os"
	"time"
)

// tick is the unit of processor time: USER_HZ is 100 on every architecture that Go runs
// on (time(7)).
const tick = time.Second / 100

// ReadUsage returns what a process uses, and ErrGone when it has ended.
func ReadUsage(_ context.Context, pid int) (Usage, error) {
	s, err := readStat(pid)
	if err != nil {
		return Usage{}, errors.Join(ErrGone, err)
	}
	u := Usage{CPU: s.cpu, RSS: s.rss * int64(os.Getpagesize())}
	u.Files, u.Sockets = countDescriptors(pid)
	return u, nil
}
