package gateway

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/flowgate-go/flowgate/internal/gateway/splice"
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
	encoding   string // Content-Encoding of a body that passes untouched

	events  *splice.Stream // a stream; what came first is in call.out
	source  io.ReadCloser
	guard   *guard
	release func() // ends the attempt
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
	ctx, g, release := c.attemptGuard(c.limit(d))
	res, err := c.roundTrip(ctx, d)
	if err != nil {
		release()
		return nil, c.unreachable(d, g, false, err)
	}
	a := &answer{deployment: d, header: res.Header, status: res.StatusCode, source: res.Body, guard: g, release: release}
	f := c.receive(a, res)
	if f != nil || a.events == nil {
		_ = res.Body.Close() // nothing more is wanted from it
		release()
	}
	if f != nil {
		f.header = res.Header
		return nil, f
	}
	return a, nil
}

// receive reads a whole reply, or a stream up to its first event.
func (c *call) receive(a *answer, res *http.Response) *failure {
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return c.refused(a.deployment, res)
	}
	a.encoding = res.Header.Get("Content-Encoding")
	if a.encoding == "identity" {
		a.encoding = ""
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return c.firstEvent(a, res)
	}
	return c.whole(a, res)
}

// whole reads an unstreamed reply and finds the model in it. A body that is no
// JSON object to its end is a failure: an HTML page, a cut reply, nothing.
func (c *call) whole(a *answer, res *http.Response) *failure {
	var err error
	limit := c.r.opts.MaxBody
	c.reply, err = readAll(c.reply[:0], res.Body, res.ContentLength, limit)
	if err != nil {
		return c.unreachable(a.deployment, a.guard, true, err)
	}
	if int64(len(c.reply)) > limit {
		return c.invalid(a.deployment, res, c.reply)
	}
	a.body = c.reply
	if a.encoding != "" {
		return nil
	}
	err = splice.Members(a.body, func(key []byte, start, end int) bool {
		if string(key) == "model" && a.body[start] == '"' {
			a.start, a.end = start, end
		}
		return true
	})
	if err != nil {
		return c.invalid(a.deployment, res, a.body)
	}
	return nil
}

// firstEvent waits for a stream's first event: before it, a failure can still
// be retried and has a status.
func (c *call) firstEvent(a *answer, res *http.Response) *failure {
	a.events = &splice.Stream{Model: c.literal}
	c.out = c.out[:0]
	if cap(c.chunk) == 0 {
		c.chunk = make([]byte, 32<<10)
	}
	for {
		n, err := res.Body.Read(c.chunk[:cap(c.chunk)])
		if a.encoding != "" && n > 0 { // compressed though identity was asked for: it passes as it is
			c.out = append(c.out, c.chunk[:n]...)
			return nil
		}
		c.out = a.events.Append(c.out, c.chunk[:n])
		switch {
		case a.events.Stillborn && a.events.Events > 0:
			return c.failedStream(a, c.out)
		case a.events.Events > 0 || a.events.Done || len(c.out) > maxErrorText:
			return nil
		case errors.Is(err, io.EOF):
			return c.invalid(a.deployment, res, c.out)
		case err != nil:
			return c.unreachable(a.deployment, a.guard, true, err)
		}
	}
}

// failedStream is the failure for a stream whose first event is an error.
func (c *call) failedStream(a *answer, events []byte) *failure {
	status, data := http.StatusInternalServerError, ""
	for line := range strings.Lines(string(events)) {
		if rest, ok := strings.CutPrefix(line, "data:"); ok {
			data = strings.TrimSpace(rest)
			break
		}
	}
	e := parseError([]byte(data))
	switch code, _ := e.Code.(float64); {
	case code >= 400 && code < 600:
		status = int(code)
	case e.Type == "overloaded_error":
		status = statusOverloaded
	case e.Type == "rate_limit_error":
		status = http.StatusTooManyRequests
	}
	return c.classify(a.deployment, status, data)
}
