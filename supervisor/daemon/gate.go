package daemon

import (
	"context"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"sync"
)

// gate lets one command at a time change the stack, so that the outcome of any
// number of them is that of some order. A stop does not wait for a start: it
// interrupts it.
type gate struct {
	slot   chan struct{} // holds a token while no command runs
	mu     sync.Mutex
	cancel context.CancelCauseFunc // of the command inside, when it may be interrupted
	stops  int                     // commands that interrupt and wait to enter
	closed chan struct{}
}

func newGate() *gate {
	g := &gate{slot: make(chan struct{}, 1), closed: make(chan struct{})}
	g.slot <- struct{}{}
	return g
}

// enter waits for the commands before. One that interrupts ends the command
// inside first, and can itself not be interrupted.
func (g *gate) enter(ctx context.Context, interrupts bool) (context.Context, func(), error) {
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
	select {
	case <-g.closed:
		g.slot <- struct{}{}
		return nil, nil, control.EndingFault()
	default:
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

// announce interrupts the command inside, and those that slip in before the
// caller: the function that it returns says that the caller waits no more.
func (g *gate) announce() func() {
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

func (g *gate) interrupt() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cancel != nil {
		g.cancel(control.InterruptedFault())
	}
}

// close refuses the commands to come. The one inside is interrupted.
func (g *gate) close() {
	g.mu.Lock()
	select {
	case <-g.closed:
	default:
		close(g.closed)
	}
	g.mu.Unlock()
	g.interrupt()
}

func (g *gate) isClosed() bool {
	select {
	case <-g.closed:
		return true
	default:
		return false
	}
}
