// Package upstreamtest is a double of an OpenAI- and Anthropic-compatible
// upstream on a real socket, for tests. Call Start; the model name of a request
// is the script of its reply, in the words of the recorded transcripts:
//
//	fail-NNN        an error of that status; with -raS it has Retry-After: S, with -ctx, -policy
//	                or -nomodel it is about the context window, the content policy or an unknown
//	                model, with -html it is an HTML page
//	failfirstN-NNN  that error N times, then success
//	sleepMS         a wait before the reply
//	ttfbMS          streams: a wait between the headers and the first event
//	cut0, cut       streams: the connection breaks before the first event, or after three
//	errfirst        streams: an error event comes first
//	errstream       streams: an error event comes after two events
//	pausemid        streams: four seconds without an event, after three
//	nodone          streams: no [DONE] at the end
//	html            a page with status 200
//	badjson         a JSON document without its end
//	emptybody       status 200 and an empty body
//	reset           the connection closes without a reply
//	redirect        a redirect to an address where nothing listens
//	nopath          the 404 of a path that does not exist
//	gzip            the whole reply is compressed
//	big             the text is two megabytes long
//	cookie          the reply sets a cookie
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

// Call is one request as the upstream received it.
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
	count map[string]int // requests, by model
	gone  map[string]int // requests whose client left, by model
}

// Start starts a double, which runs until the test ends.
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

// Gone returns how many requests for model ended because their client left.
func (u *Upstream) Gone(model string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.gone[model]
}

// request has the members of a request body that a script needs.
type request struct {
	Model  string
	Stream bool
}

// ServeHTTP answers as the model's name says.
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var parsed request
	_ = json.Unmarshal(body, &parsed) // the tests send JSON
	u.mu.Lock()
	u.count[parsed.Model]++
	n := u.count[parsed.Model]
	u.calls = append(u.calls, Call{r.URL.String(), parsed.Model, r.Header.Clone(), body})
	u.mu.Unlock()
	defer func() {
		if r.Context().Err() != nil {
			u.mu.Lock()
			u.gone[parsed.Model]++
			u.mu.Unlock()
		}
	}()
	w.Header().Set("X-Request-Id", "up-req-1")
	(&play{w: w, r: r, request: parsed, n: n}).run()
}

// parseParam returns the number that follows word in a script; ok is false when there is none.
func parseParam(script, word string) (n int, ok bool) {
	m := regexp.MustCompile(word + `(\d+)`).FindStringSubmatch(script)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}
