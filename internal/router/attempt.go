package router

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// answer is a deployment's good reply, ready for the client: whole, or begun.
type answer struct {
	deployment *Deployment
	group      *group      // by which the deployment was chosen; set when it has answered
	trial      *trial      // the answer is that of a trial
	header     http.Header // the upstream's; nil for a mock
	status     int

	body       []byte // a whole reply
	start, end int    // where the model stands in it; end 0: nowhere

	events  *splice.Stream // a stream; what came up to its first content is in call.out
	source  io.ReadCloser  // the upstream's body, decoded
	guard   *guard
	release func() // ends the attempt
	suspect bool   // an event has begun that may be an error
}

// attempt sends the request to d once.
func (c *call) attempt(d *Deployment) (*answer, *failure) {
	switch {
	case c.control.mockFailure && len(c.visited) == 1:
		return nil, c.classify(d, http.StatusInternalServerError, "mock_testing_fallbacks")
	case d.mock != nil:
		return c.mocked(d)
	case d.missing != "":
		f := c.classify(d, http.StatusUnauthorized, fmt.Sprintf("environment variable %s, which holds the key of deployment %q, is not set", d.missing, d.ID))
		f.harmless = true // waiting does not set it
		return nil, f
	}
	ctx, g, release := c.attemptGuard(c.limits(d))
	res, err := c.roundTrip(ctx, d)
	if err != nil {
		release()
		return nil, c.unreachable(d, g, false, err)
	}
	a := &answer{deployment: d, header: res.Header, status: res.StatusCode, source: res.Body, guard: g, release: release}
	f := c.receive(a, res)
	if f != nil || a.events == nil {
		_ = a.source.Close() // nothing more is wanted from it
		release()
	}
	if f != nil {
		f.header = res.Header
		return nil, f
	}
	return a, nil
}

// receive reads a whole reply, or a stream up to its first content. What the
// bytes are decides which of the two it is; the Content-Type may be wrong.
func (c *call) receive(a *answer, res *http.Response) *failure {
	if c.stream {
		a.guard.progress()
	}
	a.source = decodeBody(res.Body, res.Header)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		a.guard.endAfter(a.guard.elapsed() + errorPatience)
		return c.refused(a.deployment, res, a.source)
	}
	size := res.ContentLength
	if a.source != res.Body {
		size = -1
	}
	if want := int(max(min(size, maxPooled), firstPiece)); want > cap(c.reply) {
		c.reply = make([]byte, 0, want)
	}
	c.reply = c.reply[:0]
	declared := isEventStream(res.Header)
	for sniffs := 0; ; {
		n, err := a.source.Read(c.reply[len(c.reply):cap(c.reply)])
		c.reply = c.reply[:len(c.reply)+n]
		if name := compressedAs(c.reply); name != "" && sniffs < maxCodings { // compressed without a word
			a.source, size, sniffs = decodeRest(c.reply, a.source, name), -1, sniffs+1
			c.reply = c.reply[:0]
			continue
		}
		form := recognizeReply(c.reply, declared)
		if form == formUnknown && (err != nil || len(c.reply) == cap(c.reply)) {
			form = declaredForm(declared)
		}
		switch form {
		case formStream:
			return c.firstContent(a, err)
		case formWhole:
			return c.whole(a, size, err)
		}
	}
}

// errorPatience is how long the body of an error may take: the status and the
// headers say the most important, and a fallback may wait.
const errorPatience = 5 * time.Second

// firstPiece is how much of a reply is read at first, in bytes, when its length is not known.
const firstPiece = 4 << 10

// whole reads the rest of an unstreamed reply, whose beginning is in c.reply,
// and finds the model in it. A body that is not a JSON object to its end is a
// failure: an HTML page, a cut reply, nothing. So is an error with status 200.
func (c *call) whole(a *answer, size int64, err error) *failure {
	limit := c.r.opts.MaxBody
	if err == nil {
		var source io.Reader = a.source
		if c.stream { // the limit is that of a silence
			source = progressReader{source, a.guard}
		}
		c.reply, err = c.readAll(c.reply, source, size, limit)
	}
	if errors.Is(err, errCrowded) {
		return crowded()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return c.unreadable(a, err)
	}
	if int64(len(c.reply)) > limit {
		return c.invalid(a.deployment, c.reply)
	}
	a.body = a.deployment.withoutKey(bytes.TrimPrefix(c.reply, []byte(byteOrderMark)))
	var about wholeReply
	err = splice.Members(a.body, func(key []byte, start, end int) bool {
		if string(key) == "model" && a.body[start] == '"' {
			a.start, a.end = start, end
		}
		about.note(key, a.body[start:end])
		return true
	})
	switch {
	case err != nil:
		if first := firstElement(a.body); isErrorObject(first) { // Google's errors are lists
			return c.innerFailure(a, first)
		}
		return c.invalid(a.deployment, a.body)
	case about.isError():
		return c.innerFailure(a, a.body)
	}
	return nil
}

// progressReader gives the guard its whole limit again with each piece.
type progressReader struct {
	io.Reader
	guard *guard
}

// Read reads the next piece.
func (r progressReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.guard.progress()
	return n, err
}

// maxHeld is how many bytes of a stream are held back at most while no content
// came. The first events of a Responses stream repeat the instructions and tools.
const maxHeld = 512 << 10

// firstContent reads a stream, whose beginning is in c.reply, up to its first
// event with content. Before it, a failure can still be retried and has a status.
func (c *call) firstContent(a *answer, err error) *failure {
	a.events = &splice.Stream{Model: c.literal}
	if cap(c.chunk) == 0 {
		c.chunk = make([]byte, 32<<10)
	}
	c.hold(a)
	for piece := c.reply; ; {
		begun := c.takeOpening(a, piece, err != nil)
		if begun {
			return nil
		}
		if f := c.openingFailure(a, err); f != nil {
			c.hold(nil)
			return f
		}
		var n int
		n, err = a.source.Read(c.chunk[:cap(c.chunk)])
		piece = c.chunk[:n]
		a.guard.progress()
	}
}

// hold begins to hold back what comes of a until its first content; nil ends it.
func (c *call) hold(a *answer) {
	c.client.mu.Lock()
	defer c.client.mu.Unlock()
	c.client.held, c.out = a, c.out[:0]
}

// takeOpening adds a piece of a stream to what is held back. It reports whether
// the stream has begun for the client: content came, the opening is too long to
// hold back, or a keep-alive has sent it already. last says that the stream ends
// with the piece.
func (c *call) takeOpening(a *answer, piece []byte, last bool) bool {
	if !c.client.mu.TryLock() { // a keep-alive is being written
		a.guard.pause() // the upstream is not to blame for a slow client
		c.client.mu.Lock()
		a.guard.progress()
	}
	defer c.client.mu.Unlock()
	if c.out = a.events.Append(c.out, piece); last {
		c.out = a.events.EndInput(c.out)
	}
	return a.events.Content || c.client.released || len(c.out) > maxHeld && !a.events.Failed
}

// openingFailure is what ended a stream before its first content; nil when
// nothing did. err is that of the last read.
func (c *call) openingFailure(a *answer, err error) *failure {
	switch {
	case a.events.Failed:
		return c.innerFailure(a, a.events.Error)
	case a.events.Done || errors.Is(err, io.EOF):
		return c.invalid(a.deployment, slices.Concat(c.out, a.events.Held()))
	case err != nil:
		return c.unreadable(a, err)
	}
	return nil
}

// unreadable is the failure for a reply whose body ended in err.
func (c *call) unreadable(a *answer, err error) *failure {
	var broken *decodeError
	if !errors.As(err, &broken) {
		return c.unreachable(a.deployment, a.guard, true, err)
	}
	return &failure{status: http.StatusBadGateway, class: "BadGatewayError", kind: "internal_server_error", retry: true, deployment: a.deployment,
		err: err, text: fmt.Sprintf("litellm.BadGatewayError: BadGatewayError: %s - The reply's Content-Encoding does not fit its bytes: %v",
			exception(a.deployment), broken)}
}
