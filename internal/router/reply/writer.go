package reply

import (
	"net/http"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
)

// DefaultWriteTimeout is how long a client may take to accept a piece of a reply.
const DefaultWriteTimeout = 2 * time.Minute

// Options are what all Writers of a router share.
type Options struct {
	Watchdog     *watchdog.Watchdog
	WriteTimeout time.Duration
	Now          func() time.Time
}

// Writer is the client's side of a request. A client that asked for a stream is sent
// a comment whenever nothing was sent to it for the keep-alive interval: otherwise
// the client, or a proxy between, may take the connection for dead. The first comment
// sends the status and the headers of a stream, and what fails after it becomes an
// error event. A Writer is reused with its buffers: Reset begins a new request.
type Writer struct {
	Routing Routing // must not be changed while a stream is delivered

	opts    *Options
	http    http.ResponseWriter
	request *request.Request
	chunk   []byte // what was read last

	mu          sync.Mutex // held by the goroutine that writes to the client, and while held and out change together
	out         []byte     // what goes to the client next
	isCommitted bool       // the status and headers of a stream are out
	isClosed    bool       // no more keep-alives
	inEvent     bool       // what went out ends inside of an event
	inLine      bool       // … inside of a line
	held        *Answer    // its opening events wait in out for its first content
	isReleased  bool       // the opening events of held went out before its content came

	interval   time.Duration  // of keep-alives; 0: none are sent
	silence    watchdog.Guard // expires when nothing was sent for interval
	slowness   watchdog.Guard // expires when a write takes too long; started by commit
	control    http.ResponseController
	sending    sync.WaitGroup
	onSilence  func() // made once for each Writer
	onSlowness func()
}

// Reset begins a new request.
func (w *Writer) Reset(rw http.ResponseWriter, q *request.Request, opts *Options) {
	w.Routing, w.opts, w.http, w.request = Routing{}, opts, rw, q
	w.isCommitted, w.isClosed, w.inEvent, w.inLine = false, false, false, false
	w.held, w.isReleased, w.interval = nil, false, 0
	if w.onSilence == nil {
		w.onSilence = func() { w.sending.Go(w.sendKeepAlive) }
		w.onSlowness = func() { _ = w.control.SetWriteDeadline(time.Now()) } // not every writer has deadlines
	}
	w.control = *http.NewResponseController(rw)
}

// Clear drops what belongs to the request. Nothing may be written afterwards.
func (w *Writer) Clear() { w.http, w.request = nil, nil }

// IsReusable reports whether the buffers are at most maxBuffer long.
func (w *Writer) IsReusable(maxBuffer int) bool { return cap(w.out) <= maxBuffer }

// chunkSize is how much of a stream is read at once, in bytes.
const chunkSize = 32 << 10

// Chunk returns the buffer into which a stream is read.
func (w *Writer) Chunk() []byte {
	if cap(w.chunk) == 0 {
		w.chunk = make([]byte, chunkSize)
	}
	return w.chunk[:cap(w.chunk)]
}

// StartKeepAlive begins to send keep-alives at that interval, if a stream was asked for.
func (w *Writer) StartKeepAlive(interval time.Duration) {
	if !w.request.Stream || interval <= 0 {
		return
	}
	w.interval = interval
	w.silence.Start(w.opts.Watchdog, interval, w.onSilence)
}

// Finish stops keep-alives and guards. Nothing is written to the client afterwards.
func (w *Writer) Finish() {
	w.stopKeepAlive()
	w.slowness.Stop()
}

// stopKeepAlive ends the keep-alives, and waits for one that is being sent.
func (w *Writer) stopKeepAlive() {
	if w.interval == 0 || w.isClosed {
		return
	}
	w.mu.Lock()
	w.isClosed = true
	w.mu.Unlock()
	w.silence.Stop()
	w.sending.Wait()
}

// sendKeepAlive sends the opening events that are held back, or else a comment.
func (w *Writer) sendKeepAlive() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isClosed || w.inLine {
		return
	}
	text := w.keepAlive()
	if w.held != nil && len(w.out) > 0 {
		w.redactOut(w.held)
		text, w.out = w.out, w.out[:0]
		w.inEvent = w.held.Events.InEvent()
		if w.isReleased = w.held.Events.Events > 0 || w.inEvent; w.isReleased {
			w.commit(w.held)
		}
	}
	w.commit(nil)
	if w.write(text) == nil {
		w.silence.Start(w.opts.Watchdog, w.interval, w.onSilence)
	}
}

// keepAlive returns a comment, which does not end the event that the client is sent.
// Google's SDKs take a comment for an error: they get empty lines, between events only.
func (w *Writer) keepAlive() []byte {
	switch isGoogle := w.request.Dialect.IsGoogle(); {
	case isGoogle && w.inEvent:
		return nil
	case isGoogle:
		return []byte("\n\n")
	case w.inEvent:
		return []byte(": keep-alive\n")
	}
	return []byte(": keep-alive\n\n")
}

// commit sends the status and headers of a stream, once. a is the reply, nil while
// it is not known. The caller holds mu.
func (w *Writer) commit(a *Answer) {
	if w.isCommitted {
		return
	}
	w.isCommitted = true
	w.slowness.Start(w.opts.Watchdog, w.opts.WriteTimeout, w.onSlowness)
	w.slowness.Pause()
	h := w.http.Header()
	if a != nil {
		w.setHeaders(a)
	} else {
		h["X-Litellm-Call-Id"] = []string{w.request.ID}
	}
	h["Content-Type"] = sseType
	h["Cache-Control"] = noCache
	h["X-Accel-Buffering"] = no
	w.http.WriteHeader(http.StatusOK)
}

// write sends p at once. It fails when the client takes nothing for the write
// timeout. The caller holds mu and has called commit.
func (w *Writer) write(p []byte) error {
	w.slowness.Progress()
	defer w.slowness.Pause()
	if _, err := w.http.Write(p); err != nil {
		return err
	}
	return w.control.Flush()
}

// maxPiece is how much of a whole reply a client must take within the write timeout, in bytes.
const maxPiece = 256 << 10

// writeWhole sends the parts of a whole reply. It stops when the client left or
// takes nothing.
func (w *Writer) writeWhole(parts ...[]byte) {
	w.slowness.Start(w.opts.Watchdog, w.opts.WriteTimeout, w.onSlowness)
	defer w.slowness.Stop()
	for _, p := range parts {
		for len(p) > 0 {
			n := min(len(p), maxPiece)
			if _, err := w.http.Write(p[:n]); err != nil {
				return
			}
			w.slowness.Progress()
			p = p[n:]
		}
	}
}

// writeLast sends what is in out. The end of the request flushes it, together with
// the stream's own end.
func (w *Writer) writeLast() {
	w.stopKeepAlive()
	w.slowness.Progress()
	_, _ = w.http.Write(w.out) // an error means that the client left
}

// redactOut takes the deployment's key out of what goes to the client next.
func (w *Writer) redactOut(a *Answer) {
	w.out = a.Deployment.RedactEvents(w.out, a.Events, &a.redaction)
}
