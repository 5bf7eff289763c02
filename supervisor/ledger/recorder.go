package ledger

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// minWriteInterval is the least time between two writes of the ledger that nobody
// waits for. What a kill in between loses, the marks of the processes say.
const minWriteInterval = 20 * time.Millisecond

// Recorder writes the ledger, at most one write at a time.
type Recorder struct {
	writeFile    func() error
	reportChange func(error) // called when writing begins to fail, and with nil when it works again
	wake         chan struct{}
	pending      atomic.Bool // something changed since the last write that worked

	mu     sync.Mutex
	failed bool
}

func NewRecorder(write func() error, tell func(error)) *Recorder {
	return &Recorder{writeFile: write, reportChange: tell, wake: make(chan struct{}, 1)}
}

// WriteSoon has the ledger written in a moment.
func (r *Recorder) WriteSoon() {
	r.pending.Store(true)
	select {
	case r.wake <- struct{}{}:
	default: // it is going to be already
	}
}

// Run writes as long as ctx lasts.
func (r *Recorder) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		_ = r.WritePending() // tell has it
		select {
		case <-ctx.Done():
			return
		case <-time.After(minWriteInterval):
		}
	}
}

// WritePending writes now what would be written soon, and waits for a write that goes on.
func (r *Recorder) WritePending() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.pending.Load() {
		return nil
	}
	return r.writeLocked()
}

// WriteNow writes now.
func (r *Recorder) WriteNow() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.writeLocked()
}

func (r *Recorder) writeLocked() error {
	r.pending.Store(false)
	err := r.writeFile()
	if err != nil {
		r.pending.Store(true)
	}
	if was := r.failed; was != (err != nil) {
		r.failed = err != nil
		r.reportChange(err)
	}
	return err
}
