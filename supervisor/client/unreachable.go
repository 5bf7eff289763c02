package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/program"
)

// queryTimeout is how long a supervisor may take to send its status; it needs less than
// a millisecond.
const queryTimeout = 5 * time.Second

// unreachable returns the fault of a supervisor that runs and does not answer.
func (c *Client) unreachable(err error) error {
	who := "the supervisor"
	if id, lives := LivingSupervisor(c.runtimeDir); lives && id.PID != 0 {
		who = fmt.Sprintf("the supervisor (process %d)", id.PID)
	}
	return fault.New("supervisor-unreachable", "%s does not answer: %w", who, err).WithHint("%s", unreachableHint())
}

// IsUnreachable reports whether err says that a supervisor runs and does not answer.
func IsUnreachable(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Code == "supervisor-unreachable"
}

// noSocketFault returns the fault of a supervisor that lives and has no socket that
// this process can see.
func noSocketFault(id process.Identity, err error) error {
	who := "a process that holds supervisor.lock"
	if id.PID != 0 {
		who = fmt.Sprintf("process %d", id.PID)
	}
	return fault.New(
		"supervisor-unreachable", "the supervisor (%s) runs, but its control socket cannot be reached: %w", who, err,
	).
		WithHint("%s", unreachableHint())
}

// unreachableHint returns what to do about a supervisor that does not answer.
func unreachableHint() string {
	return program.Text("see supervisor.log in the runtime folder; mage stop -force ends the supervisor and its " +
		"services, then mage start")
}

// watchSilence returns a context that ends with a fault when the supervisor sends
// nothing for silenceLimit and then does not answer a query either. Call heard for each
// line; call end when the answer is complete.
func (c *Client) watchSilence(ctx context.Context) (watched context.Context, heard, end func()) {
	watched, cancel := context.WithCancelCause(ctx)
	lines := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		timer := time.NewTimer(silenceLimit)
		defer timer.Stop()
		for {
			select {
			case <-watched.Done():
				return
			case <-lines:
			case <-timer.C:
				if _, err := c.Status(watched); err != nil && !errors.Is(err, ErrNoSupervisor) {
					cancel(err)
					return
				}
			}
			timer.Reset(silenceLimit)
		}
	}()
	heard = func() {
		select {
		case lines <- struct{}{}:
		default:
		}
	}
	return watched, heard, func() { cancel(nil); <-done }
}
