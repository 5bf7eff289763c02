package process

import (
	"context"
	"errors"
	"time"
)

// pollInterval is the time between two checks of a process that cannot be waited for.
const pollInterval = 100 * time.Millisecond

// pollUntilEnd does what Await does, without a pidfd or kqueue.
func (id Identity) pollUntilEnd(ctx context.Context) error {
	for {
		if ended, _ := id.hasEnded(); ended {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pollInterval):
		}
	}
}

// hasEnded reports whether this process has ended; an error means that this cannot be
// seen.
func (id Identity) hasEnded() (bool, error) {
	now, err := Identify(id.PID)
	if errors.Is(err, ErrGone) {
		return true, nil
	}
	return err == nil && now != id, err
}
