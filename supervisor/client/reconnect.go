package client

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

const (
	// SocketTimeout is how long a command waits for the control socket of a
	// supervisor that lives: it opens a removed socket again within a second.
	SocketTimeout = 3 * time.Second
	// silenceLimit is how long a supervisor may send no line of a reply before the
	// command queries it, for at most queryTimeout: together less than the nine
	// seconds that docs/supervisor.md promises.
	silenceLimit = 3 * time.Second
)

// LivingSupervisor returns the supervisor that holds the runtime folder, whether or not
// its control socket is there: the one in supervisor.json or, when that file is
// gone, the process that holds the folder's lock. Its PID is 0 when the lock is
// held and the system does not say by which process.
func LivingSupervisor(runtimeDir string) (id process.Identity, lives bool) {
	id = ledger.Read(runtimeDir).Supervisor
	if id.PID != 0 {
		return id, id.Alive()
	}
	pid, held := flock.Holder(control.LockPath(runtimeDir))
	if !held {
		return process.Identity{}, false
	}
	if id, err := process.Identify(pid); err == nil {
		return id, true
	}
	return process.Identity{}, true // the lock is held, whatever the system says of its holder
}

// reconnect dials the control socket of a supervisor that lives until it
// listens again. It returns ErrNoSupervisor when the supervisor ends meanwhile,
// and the fault supervisor-unreachable after SocketTimeout.
func (c *Client) reconnect(ctx context.Context) (net.Conn, error) {
	deadline := time.Now().Add(SocketTimeout)
	var absent error // why the socket cannot be reached; the last dial may only have run out of time
	for {
		id, lives := LivingSupervisor(c.runtimeDir)
		if !lives {
			return nil, ErrNoSupervisor
		}
		conn, err := c.dial(ctx)
		if err == nil || !isAbsent(err) && ctx.Err() == nil {
			return conn, err
		}
		if absent == nil || isAbsent(err) {
			absent = err
		}
		if time.Now().After(deadline) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, noSocketFault(id, absent)
		}
		if err := WaitBriefly(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return nil, err
		}
	}
}

// isAbsent reports whether a connection failed because no process listens.
func isAbsent(err error) bool {
	for _, cause := range []error{syscall.ENOENT, syscall.ECONNREFUSED, syscall.ENOTDIR} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// WaitBriefly waits 5 ms, the time between two looks at a state without an event. It
// returns the cause of a ctx that ends meanwhile.
func WaitBriefly(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(5 * time.Millisecond):
		return nil
	}
}
