// Package upstreamtest is a double of an OpenAI- and Anthropic-compatible
// upstream on a real socket, for tests. Start it; the model name of a request
// is the script of the reply, in the words of the recorded transcripts:
//
//	fail-NNN      that status; -raS adds Retry-After: S, -ctx and -policy the 400s of those names,
//	              -nomodel the 404 for a model, -html an HTML body
//	failfirstN-NNN  N failures, then success
//	sleepMS       waits before anything
//	ttfbMS        headers at once, the first event later
//	cut, cut0     the connection breaks after three events, before the first
//	errstream     an error event after two events; errfirst: as the first
//	pausemid      four seconds without an event
//	nodone, html, badjson, emptybody, reset, gzip, big, nopath, redirect, cookie
//
// It listens on 127.0.0.1 only.
package upstreamtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"sync"
	"testing"
)

// Call is one request as the upstream saw it.
type Call struct {
	Path   string // with the query string
	Model  string
	Header http.Header
	Body   []byte
}

// Upstream is a running double.
type Upstream struct {
	Addr string // host:port

	mu    sync.Mutex
	calls []Call
	count map[string]int
	gone  map[string]int
}

// Start runs a double until the test ends.
func Start(t testing.TB) *Upstream {
	t.Helper()
	u := &Upstream{count: map[string]int{}, gone: map[string]int{}}
	server := httptest.NewServer(u)
	t.Cleanup(server.Close)
	u.Addr = server.Listener.Addr().String()
	return u
}

// Calls returns the requests so far, in order.
func (u *Upstream) Calls() []Call {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]Call(nil), u.calls...)
}

// Gone is how many requests for model ended because their client left.
func (u *Upstream) Gone(model string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.gone[model]
}

// request is what the script needs of a request body.
type request struct {
	Model  string
	Stream bool
}

// ServeHTTP plays the script that the model names.
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var q request
	_ = json.Unmarshal(body, &q) // the tests send JSON
	u.mu.Lock()
	u.count[q.Model]++
	n := u.count[q.Model]
	u.calls = append(u.calls, Call{r.URL.String(), q.Model, r.Header.Clone(), body})
	u.mu.Unlock()
	defer func() {
		if r.Context().Err() != nil {
			u.mu.Lock()
			u.gone[q.Model]++
			u.mu.Unlock()
		}
	}()
	w.Header().Set("X-Request-Id", "up-req-1")
	(&play{w: w, r: r, request: q, n: n}).run()
}

// param is the number that follows word in a script; ok is false when the word is not in it.
func param(script, word string) (n int, ok bool) {
	m := regexp.MustCompile(word + `(\d+)`).FindStringSubmatch(script)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}
