package process

import (
	"context"
	"errors"
	"time"
)

// lookEvery is the time between two looks at a process that cannot be waited for.
const lookEvery = 100 * time.Millisecond

// look is Await without a handle that can be waited for.
func (id Identity) look(ctx context.Context) error {
	for {
		if past, _ := id.past(); past {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookEvery):
		}
	}
}

// past reports that this process has ended; an error, that it cannot be seen
// whether it has.
func (id Identity) past() (bool, error) {
	now, err := Identify(id.PID)
	if errors.Is(err, ErrGone) {
		return true, nil
	}
	return err == nil && now != id, err
}
