package ledger

import (
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// Options are the settings of a Writer. The zero value is valid.
type Options struct {
	Logger   *slog.Logger
	Now      func() time.Time
	Days     int   // rows that are older are deleted; default DefaultDays
	MaxBytes int64 // of the file: the oldest rows are deleted; default DefaultMaxBytes

	Interval time.Duration // default BatchInterval
	Redact   func(string) string
}

// maxPending is how many rows wait at most to be written: those of some seconds under load, in
// about 3 MiB.
const maxPending = 16 << 10

// batchRows is how many rows are written without waiting for the interval: they, and those that come
// meanwhile, take 0.4 MiB under any load.
const batchRows = 1 << 10

// Writer writes the rows of a router. It is safe for concurrent use.
type Writer struct {
	path string
	opts Options

	mu      sync.Mutex
	pending queue
	lost    gap // the rows that were dropped and not yet told

	full    chan struct{} // gets a value when batchRows more rows wait
	stop    chan struct{}
	stopped sync.WaitGroup

	// Of the writing goroutine.
	db        *sqlite3.Conn
	batch     *batch
	writing   queue
	trouble   string    // why the last batch was not written; empty: it was
	retry     time.Time // when the file is opened again
	pruned    time.Time // when the bounds were looked at
	agePruned time.Time // when rows were deleted because of their age
}

// gap is a span of time in which rows were dropped.
type gap struct {
	start, stop time.Time
	rows        int
}

// Start starts to write the rows of the router into the folder. It never fails: a ledger that
// cannot be written is logged and tried again, and requests go on.
func Start(folder string, opts Options) *Writer {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Days <= 0 {
		opts.Days = DefaultDays
	}
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = DefaultMaxBytes
	}
	if opts.Interval <= 0 {
		opts.Interval = BatchInterval
	}
	if opts.Redact == nil {
		opts.Redact = func(text string) string { return text }
	}
	w := &Writer{path: filepath.Join(folder, FileName), opts: opts, full: make(chan struct{}, 1),
		stop: make(chan struct{})}
	w.stopped.Go(w.run)
	return w
}

// Add keeps a copy of a row until it is written. It does not block; when too many rows wait, it
// drops the row and counts it.
func (w *Writer) Add(r *record.Request) {
	w.mu.Lock()
	if len(w.pending.rows) < maxPending {
		w.pending.add(r)
	} else {
		w.lost.add(r.Start, 1)
	}
	isFull := len(w.pending.rows)%batchRows == 0
	w.mu.Unlock()
	if isFull {
		select {
		case w.full <- struct{}{}:
		default: // it is told already
		}
	}
}

// add counts rows that were dropped.
func (g *gap) add(at time.Time, rows int) {
	if g.rows == 0 || at.Before(g.start) {
		g.start = at
	}
	if at.After(g.stop) {
		g.stop = at
	}
	g.rows += rows
}

// Close writes what waits, and closes the file. The error is always nil.
func (w *Writer) Close() error {
	close(w.stop)
	w.stopped.Wait()
	return nil
}

// run writes the rows that wait, once an interval and when there are many, until Close.
func (w *Writer) run() {
	tick := time.NewTicker(w.opts.Interval)
	defer tick.Stop()
	w.flush()
	for {
		select {
		case <-tick.C:
			w.flush()
		case <-w.full:
			w.flush()
		case <-w.stop:
			w.retry = time.Time{}
			w.flush()
			w.close()
			return
		}
	}
}

// flush writes the rows that wait. What cannot be written waits for the next time.
func (w *Writer) flush() {
	if !w.isOpen() {
		return
	}
	w.mu.Lock()
	w.writing, w.pending = w.pending, w.writing
	lost := w.lost
	w.lost = gap{}
	w.mu.Unlock()
	err := w.write(lost)
	if err != nil {
		w.putBack(lost)
		w.fail(err)
		return
	}
	w.writing.reset()
	w.recover()
	w.prune()
}

// write writes the rows in writing, and what was lost, in one transaction.
func (w *Writer) write(lost gap) error {
	if len(w.writing.rows) == 0 && lost.rows == 0 {
		return nil
	}
	return inTransaction(w.db, func() error { return w.batch.write(&w.writing, lost, w.trouble) })
}

// putBack makes the rows of a batch that failed wait again, as far as there is room: the oldest are dropped.
func (w *Writer) putBack(lost gap) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var kept queue
	excess := len(w.writing.rows) + len(w.pending.rows) - maxPending
	for _, q := range [...]*queue{&w.writing, &w.pending} {
		for i := range q.rows {
			if excess > 0 {
				w.lost.add(q.rows[i].start(), 1)
			} else {
				kept.copyRow(q, i)
			}
			excess--
		}
	}
	w.pending, w.writing = kept, queue{}
	if lost.rows > 0 {
		w.lost.add(lost.start, lost.rows)
		w.lost.add(lost.stop, 0)
	}
}

// retryInterval is the time between attempts to open a ledger that cannot be opened.
const retryInterval = 5 * time.Second

// isOpen opens the file if it is not open, and reports whether it is.
func (w *Writer) isOpen() bool {
	if w.db != nil {
		return true
	}
	if w.opts.Now().Before(w.retry) && w.retry.Sub(w.opts.Now()) <= retryInterval { // else the clock was set back
		return false
	}
	db, err := openForWriting(w.path)
	if err == nil {
		var b *batch
		if b, err = newBatch(db, w.opts.Redact); err == nil {
			w.db, w.batch = db, b
			return true
		}
		_ = db.Close()
	}
	w.fail(err)
	return w.db != nil
}

// fail logs once why rows cannot be written, and sets a damaged file aside.
func (w *Writer) fail(err error) {
	w.close()
	w.retry = w.opts.Now().Add(retryInterval)
	if isTorn(err) {
		aside, moveErr := setAside(w.path, w.opts.Now())
		if moveErr == nil {
			w.opts.Logger.Error("the usage ledger is damaged; a new one is begun", "file", w.path, "aside", aside,
				"error", err.Error())
			w.retry = time.Time{}
			w.trouble = "the file was damaged"
			return
		}
		err = moveErr
	}
	if w.trouble == "" {
		w.opts.Logger.Error("the usage ledger cannot be written; requests go on, their rows wait, then they are dropped",
			"file", w.path, "error", err.Error())
	}
	w.trouble = err.Error()
}

// recover logs that rows are written again.
func (w *Writer) recover() {
	if w.trouble != "" {
		w.opts.Logger.Warn("the usage ledger is written again", "file", w.path, "after", w.trouble)
		w.trouble = ""
	}
}

// close closes the file.
func (w *Writer) close() {
	if w.db == nil {
		return
	}
	w.batch.close()
	_ = w.db.Close() // what was committed is in the file
	w.db, w.batch = nil, nil
}
