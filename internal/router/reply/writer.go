package reply

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
)

// DefaultWriteTimeout is how long a client may take to accept a piece of a reply by default.
const DefaultWriteTimeout = 2 * time.Minute

// Options are what all Writers of a router share.
type Options struct {
	Watchdog     *watchdog.Watchdog
	WriteTimeout time.Duration // how long a client may take to accept a piece of a reply
	Now          func() time.Time
}

// Writer is the client's side of a request. It sends a comment to a client that asked for
// a stream whenever it has sent nothing for the keep-alive interval: otherwise the client,
// or a proxy in front of it, may think that the connection is dead. The first comment sends
// the status and the headers of a stream, and a failure after it becomes an error event. A
// Writer is reused with its buffers: Reset begins a new request.
type Writer struct {
	Routing Routing // must not be changed while a stream is delivered

	sent  int64 // bytes of the body that the client's connection accepted
	isCut bool  // a write to the client failed

	opts    *Options
	http    http.ResponseWriter
	request *request.Request
	piece   []byte // the buffer into which replies are read

	mu          sync.Mutex // locked while a goroutine writes to the client, and while held and out change together
	out         []byte     // the bytes that are sent to the client next
	isCommitted bool       // the status and headers of a stream were sent
	isClosed    bool       // no more keep-alives are sent
	inEvent     bool       // the bytes that were sent end inside an event
	inLine      bool       // … inside a line
	held        *Answer    // the stream whose opening events wait in out
	isReleased  bool       // the opening events of held were sent before its content came

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
	w.sent, w.isCut = 0, false
	if w.onSilence == nil {
		w.onSilence = func() { w.sending.Go(w.sendKeepAlive) }
		w.onSlowness = func() { _ = w.control.SetWriteDeadline(time.Now()) } // not every writer has deadlines
	}
	w.control = *http.NewResponseController(rw)
}

// Clear drops the references to the request. Nothing may be written afterwards.
func (w *Writer) Clear() { w.http, w.request = nil, nil }

// IsReusable reports whether the buffers are at most maxBuffer long.
func (w *Writer) IsReusable(maxBuffer int) bool { return cap(w.out) <= maxBuffer }

// smallPiece and largePiece are how much of a reply is read at once, in bytes. The events of most
// streams are small and come one by one; a buffer that was filled is followed by a large one.
const (
	smallPiece = 8 << 10
	largePiece = 32 << 10
)

// ReadPiece reads the next piece of a reply, which is valid until the next call.
func (w *Writer) ReadPiece(source io.Reader) ([]byte, error) {
	if w.piece == nil {
		w.piece = make([]byte, smallPiece)
	}
	piece := w.piece
	n, err := source.Read(piece)
	if n == smallPiece && len(piece) == smallPiece {
		w.piece = make([]byte, largePiece)
	}
	return piece[:n], err
}

// StartKeepAlive begins to send keep-alives at that interval, if the client asked for a
// stream and the interval is positive.
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

// sendKeepAlive sends the opening events that are held back or, if there are none, a comment.
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

// keepAlive returns a comment that does not end an event in progress. Google's SDKs treat
// a comment as an error: they get empty lines, and only between events.
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

// commit sends the status and headers of a stream, once. a is the reply, or nil when there
// is none yet. The caller holds mu.
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

// write sends p at once. It fails when the client does not accept it within the write
// timeout. The caller has started slowness, and for a stream it holds mu.
func (w *Writer) write(p []byte) error {
	w.slowness.Progress()
	err := w.send(p)
	if err == nil {
		err = w.control.Flush()
	}
	w.slowness.Pause()
	return err
}

// send hands p to the client's connection, and counts it.
func (w *Writer) send(p []byte) error {
	n, err := w.http.Write(p)
	w.sent += int64(n)
	w.isCut = w.isCut || err != nil
	return err
}

// Sent returns how many bytes of the reply's body were sent. isCut says that the client
// accepted no more.
func (w *Writer) Sent() (bytes int64, isCut bool) { return w.sent, w.isCut }

// maxPiece is how many bytes of a whole reply a client must accept within the write timeout.
const maxPiece = 256 << 10

// writeWhole sends the parts of a whole reply. It stops when the client has disconnected or
// accepts nothing.
func (w *Writer) writeWhole(parts ...[]byte) {
	w.slowness.Start(w.opts.Watchdog, w.opts.WriteTimeout, w.onSlowness)
	defer w.slowness.Stop()
	for _, p := range parts {
		for len(p) > 0 {
			n := min(len(p), maxPiece)
			if w.send(p[:n]) != nil {
				return
			}
			w.slowness.Progress()
			p = p[n:]
		}
	}
}

// writeLast writes the bytes in out. The end of the request flushes them, together with
// the end of the HTTP body.
func (w *Writer) writeLast() {
	w.stopKeepAlive()
	w.slowness.Progress()
	_ = w.send(w.out) // an error means that the client left
}

// redactOut removes the deployment's key from the bytes in out.
func (w *Writer) redactOut(a *Answer) {
	w.out = a.Deployment.RedactEvents(w.out, a.Events, &a.redaction)
}
