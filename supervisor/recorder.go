package supervisor

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// recordGap is the least time between two writes of the ledger that nobody
// waits for. What a kill in between loses, the marks of the processes say.
const recordGap = 20 * time.Millisecond

// recorder writes the ledger, at most one write at a time.
type recorder struct {
	write func() error
	tell  func(error) // called when writing begins to fail, and with nil when it works again
	wake  chan struct{}
	due   atomic.Bool // something changed since the last write that worked

	mu     sync.Mutex
	failed bool
}

func newRecorder(write func() error, tell func(error)) *recorder {
	return &recorder{write: write, tell: tell, wake: make(chan struct{}, 1)}
}

// soon has the ledger written in a moment.
func (r *recorder) soon() {
	r.due.Store(true)
	select {
	case r.wake <- struct{}{}:
	default: // it is going to be already
	}
}

// run writes as long as ctx lasts.
func (r *recorder) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		_ = r.settle() // tell has it
		select {
		case <-ctx.Done():
			return
		case <-time.After(recordGap):
		}
	}
}

// settle writes now what would be written soon, and waits for a write that goes on.
func (r *recorder) settle() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.due.Load() {
		return nil
	}
	return r.put()
}

// flush writes now.
func (r *recorder) flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.put()
}

func (r *recorder) put() error {
	r.due.Store(false)
	err := r.write()
	if err != nil {
		r.due.Store(true)
	}
	if was := r.failed; was != (err != nil) {
		r.failed = err != nil
		r.tell(err)
	}
	return err
}

// entries are the services that a later supervisor must know of.
func (r *resident) entries() []ledger.Entry {
	list := []ledger.Entry{}
	for _, u := range r.all() {
		s := u.snap.Load()
		if s.State == StateStopped {
			continue
		}
		e := ledger.Entry{
			Name: u.name, Runtime: s.Runtime, Host: s.svc.Host, Port: s.svc.Port, Process: s.id, State: s.State, Restarts: s.Restarts,
			Spent: s.spent, LastExit: s.LastExit, Reason: s.Reason, Decision: s.Decision, LogFrom: s.logFrom,
		}
		if s.StartedAt != nil {
			e.StartedAt = *s.StartedAt
		}
		list = append(list, e)
	}
	return list
}

// ledger is how things stand.
func (r *resident) ledger() ledger.Ledger {
	return ledger.Ledger{Program: r.opts.Version, Supervisor: r.id, Socket: r.socket, Services: r.entries()}
}
