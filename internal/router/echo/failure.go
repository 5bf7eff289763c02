package echo

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// counter counts the calls of the models that fail at first. It is all that the
// server remembers of requests.
type counter struct {
	mu    sync.Mutex
	calls map[string]int
}

// maxCounted is the largest number of models that a counter remembers; with one more,
// all counts start again.
const maxCounted = 4096

// next returns the number of this call of model, from 1.
func (c *counter) next(model string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil || (len(c.calls) >= maxCounted && c.calls[model] == 0) {
		c.calls = map[string]int{}
	}
	c.calls[model]++
	return c.calls[model]
}

// playScript does what the model name asks for before the answer, and reports whether the call is over.
func (c *call) playScript(counts *counter) bool {
	s := c.script
	if !wait(c.r.Context(), s.sleep) {
		return true
	}
	if s.fail != 0 && (s.firstN == 0 || counts.next(c.req.Model) <= s.firstN) {
		c.fail()
		return true
	}
	switch {
	case s.html:
		c.writePage(http.StatusOK)
	case s.badjson:
		writeBytes(c.w, http.StatusOK, "application/json", []byte(`{"id":"echo-badjson","choices":[{`))
	case s.emptybody:
		writeBytes(c.w, http.StatusOK, "application/json", nil)
	case s.reset:
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// fail answers with the status that the model name asks for.
func (c *call) fail() {
	s := c.script
	if s.retryAfter != "" {
		c.w.Header().Set("Retry-After", s.retryAfter)
	}
	switch {
	case s.html:
		c.writePage(s.fail)
	case c.dialect == openAI && s.context:
		writeJSON(c.w, s.fail, openAIError{openAIErrorBody{
			Message: "This model's maximum context length is 10 tokens. However, your messages resulted in 20 tokens.",
			Type:    "invalid_request_error", Param: new("messages"), Code: new("context_length_exceeded"),
		}})
	case c.dialect == openAI && s.policy:
		writeJSON(c.w, s.fail, openAIError{openAIErrorBody{
			Message: "Your request was rejected as a result of our safety system.",
			Type:    "invalid_request_error", Code: new("content_policy_violation"),
		}})
	default:
		c.dialect.writeError(c.w, s.fail, "the echo upstream was told to answer %d by the model name", s.fail)
	}
}

// writePage answers with an HTML page, as a proxy in front of an upstream would.
func (c *call) writePage(status int) {
	body := fmt.Sprintf("<html><body><h1>%d from a proxy</h1></body></html>", status)
	writeBytes(c.w, status, "text/html", []byte(body))
}

// wait waits for d, and reports whether the client is still there.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
