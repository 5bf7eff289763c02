package operation

import (
	"context"
	"sync"

	"github.com/flowgate-go/flowgate/supervisor/control"
)

// gate lets one command at a time change the stack, so that commands that are sent at the
// same time have the result of the same commands one after the other. A stop does not
// wait for a start: it interrupts the start.
type gate struct {
	slot   chan struct{} // holds a token while no command is inside
	closed chan struct{} // closed when commands are refused

	mu     sync.Mutex              // guards cancel and stops, and the closing of closed
	cancel context.CancelCauseFunc // of the command inside; nil when it must not be interrupted
	stops  int                     // interrupting commands that wait to enter
}

// newGate returns a gate with no command inside.
func newGate() *gate {
	g := &gate{slot: make(chan struct{}, 1), closed: make(chan struct{})}
	g.slot <- struct{}{}
	return g
}

// enter waits until no other command is inside. The command must call leave at its
// end and end early when its context does. One that interrupts cancels the command
// inside, and cannot be interrupted itself. Faults: supervisor-ending, and
// start-interrupted as the cause of the returned context.
func (g *gate) enter(ctx context.Context, interrupts bool) (inside context.Context, leave func(), err error) {
	if interrupts {
		defer g.announce()()
	}
	select {
	case <-g.closed:
		return nil, nil, control.EndingFault()
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	case <-g.slot:
	}
	if g.isClosed() {
		g.slot <- struct{}{}
		return nil, nil, control.EndingFault()
	}
	inside, cancel := context.WithCancelCause(ctx)
	if !interrupts {
		g.mu.Lock()
		g.cancel = cancel
		if g.stops > 0 {
			cancel(control.InterruptedFault())
		}
		g.mu.Unlock()
	}
	return inside, func() {
		g.mu.Lock()
		g.cancel = nil
		g.mu.Unlock()
		cancel(nil)
		g.slot <- struct{}{}
	}, nil
}

// announce cancels the command inside and every command that enters before the
// caller. Call the returned func when the caller has entered or given up.
func (g *gate) announce() (done func()) {
	g.mu.Lock()
	g.stops++
	g.mu.Unlock()
	g.interrupt()
	return func() {
		g.mu.Lock()
		g.stops--
		g.mu.Unlock()
	}
}

// interrupt cancels the command inside, if it may be interrupted.
func (g *gate) interrupt() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cancel != nil {
		g.cancel(control.InterruptedFault())
	}
}

// close refuses all further commands and interrupts the one inside.
func (g *gate) close() {
	g.mu.Lock()
	if !g.isClosed() {
		close(g.closed)
	}
	g.mu.Unlock()
	g.interrupt()
}

// isClosed reports whether commands are refused.
func (g *gate) isClosed() bool {
	select {
	case <-g.closed:
		return true
	default:
		return false
	}
}
