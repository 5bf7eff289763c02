package router

import (
	"net/http"
	"sync"
	"time"
)

// writePatience is how long a client may take to accept a piece of a reply.
const writePatience = 2 * time.Minute

// client is the client's side of a call. A client that asked for a stream is
// sent a comment whenever it has heard nothing for the keep-alive interval:
// otherwise it, or a proxy on the way, may take the connection for dead. The
// first comment sends the status and the headers of a stream, and what fails
// after it becomes an error event.
type client struct {
	mu        sync.Mutex // held by whoever writes to the client, and while held and call.out change together
	committed bool       // the status and headers of a stream are out
	closed    bool       // no more keep-alives
	inEvent   bool       // what went out ends inside of an event
	inLine    bool       // … inside of a line
	held      *answer    // its opening events wait in call.out for its first content
	released  bool       // the opening events of held went out before its content came

	interval time.Duration // of keep-alives; 0: none are sent
	silence  guard         // expires when nothing was sent for interval
	patience guard         // expires when a write takes too long; watched from commit on
	control  http.ResponseController
	sending  sync.WaitGroup
	onSilent func() // made once for each pooled call
	onSlow   func()
}

// beginClient resets the client's side for a new request.
func (c *call) beginClient() {
	cl := &c.client
	cl.committed, cl.closed, cl.inEvent, cl.inLine = false, false, false, false
	cl.held, cl.released, cl.interval = nil, false, 0
	if cl.onSilent == nil {
		cl.onSilent = func() { cl.sending.Go(c.sendKeepAlive) }
		cl.onSlow = func() { _ = cl.control.SetWriteDeadline(time.Now()) } // not every writer has deadlines
	}
	cl.control = *http.NewResponseController(c.w)
}

// startKeepAlive begins to send keep-alives at that interval.
func (c *call) startKeepAlive(interval time.Duration) {
	if !c.stream || interval <= 0 {
		return
	}
	c.client.interval = interval
	c.client.silence.start(&c.r.watch, interval, c.client.onSilent)
}

// endClient stops watching the client. Nothing is written to it afterwards.
func (c *call) endClient() {
	c.stopKeepAlive()
	c.client.patience.stop()
}

// stopKeepAlive ends the keep-alives, and waits for one that is being sent.
func (c *call) stopKeepAlive() {
	cl := &c.client
	if cl.interval == 0 || cl.closed {
		return
	}
	cl.mu.Lock()
	cl.closed = true
	cl.mu.Unlock()
	cl.silence.stop()
	cl.sending.Wait()
}

// sendKeepAlive sends the opening events that are held back, or else a comment.
func (c *call) sendKeepAlive() {
	cl := &c.client
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if cl.closed || cl.inLine {
		return
	}
	text := []byte(": keep-alive\n\n")
	if cl.inEvent {
		text = text[:len(text)-1] // a blank line would end the event
	}
	if cl.held != nil && len(c.out) > 0 {
		c.redactEvents(cl.held)
		text, c.out = c.out, c.out[:0]
		cl.inEvent = cl.held.events.InEvent()
		if cl.released = cl.held.events.Events > 0 || cl.inEvent; cl.released {
			c.commit(cl.held)
		}
	}
	c.commit(nil)
	if c.write(text) == nil {
		cl.silence.start(&c.r.watch, cl.interval, cl.onSilent)
	}
}

// commit sends the status and headers of a stream, once. a is what answers, nil
// while that is not known. The caller holds mu.
func (c *call) commit(a *answer) {
	if c.client.committed {
		return
	}
	c.client.committed = true
	c.client.patience.start(&c.r.watch, c.r.writePatience, c.client.onSlow)
	c.client.patience.pause()
	h := c.w.Header()
	if a != nil {
		c.announce(a)
	} else {
		h["X-Litellm-Call-Id"] = []string{c.id}
	}
	h["Content-Type"] = sseType
	h["Cache-Control"] = noCache
	h["X-Accel-Buffering"] = no
	c.w.WriteHeader(http.StatusOK)
}

// write sends p at once. A client that takes nothing for writePatience is
// given up. The caller holds mu and has called commit.
func (c *call) write(p []byte) error {
	c.client.patience.progress()
	defer c.client.patience.pause()
	if _, err := c.w.Write(p); err != nil {
		return err
	}
	return c.client.control.Flush()
}

// writePiece is how much of a whole reply a client must take within writePatience, in bytes.
const writePiece = 256 << 10

// writeWhole sends the pieces of a whole reply. Errors mean that the client
// left or takes nothing: there is nobody to tell.
func (c *call) writeWhole(pieces ...[]byte) {
	patience := &c.client.patience
	patience.start(&c.r.watch, c.r.writePatience, c.client.onSlow)
	defer patience.stop()
	for _, p := range pieces {
		for len(p) > 0 {
			n := min(len(p), writePiece)
			if _, err := c.w.Write(p[:n]); err != nil {
				return
			}
			patience.progress()
			p = p[n:]
		}
	}
}
