package ledger

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// minWriteInterval is the least time between two writes that no command waits for.
// What a kill in between loses is found by the marks of the processes.
const minWriteInterval = 20 * time.Millisecond

// Recorder writes the ledger, at most one write at a time.
type Recorder struct {
	writeFile    func() error
	reportChange func(error)
	wake         chan struct{}
	pending      atomic.Bool // something changed since the last write that succeeded

	mu     sync.Mutex // held while the ledger is written; guards failed
	failed bool
}

// NewRecorder returns a Recorder that writes by calling write. It calls
// reportChange with the error when writes begin to fail, and with nil when they
// succeed again.
func NewRecorder(write func() error, reportChange func(error)) *Recorder {
	return &Recorder{writeFile: write, reportChange: reportChange, wake: make(chan struct{}, 1)}
}

// WriteSoon has Run write the ledger in a moment.
func (r *Recorder) WriteSoon() {
	r.pending.Store(true)
	select {
	case r.wake <- struct{}{}:
	default: // Run is going to write already
	}
}

// Run writes what WriteSoon asks for until ctx ends.
func (r *Recorder) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		_ = r.WritePending() // reportChange has the error
		select {
		case <-ctx.Done():
			return
		case <-time.After(minWriteInterval):
		}
	}
}

// WritePending writes the ledger now if a write is due, and waits for the end of a
// write in progress.
func (r *Recorder) WritePending() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.pending.Load() {
		return nil
	}
	return r.writeLocked()
}

// WriteNow writes the ledger now.
func (r *Recorder) WriteNow() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.writeLocked()
}

// writeLocked writes the ledger, and reports when writes begin to fail or succeed again.
// The caller holds mu.
func (r *Recorder) writeLocked() error {
	r.pending.Store(false)
	err := r.writeFile()
	if err != nil {
		r.pending.Store(true)
	}
	if failed := err != nil; failed != r.failed {
		r.failed = failed
		r.reportChange(err)
	}
	return err
}
