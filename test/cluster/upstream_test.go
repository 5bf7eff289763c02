package cluster_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// upstream is a double of a provider with several deployments. The path of a request begins with the
// deployment, /a/v1/chat/completions, and X-Router names the router that sent it.
type upstream struct {
	*httptest.Server

	mu      sync.Mutex
	asked   map[string]int    // how many requests each deployment got
	refuses map[string]string // by deployment: 429 with this Retry-After
	gate    chan struct{}     // requests wait until it is closed; nil: they do not wait
	waiting map[string]int    // at the gate, by router
}

// latency is how long the upstream takes for a reply.
const latency = 20 * time.Millisecond

// reply is what the upstream answers.
const reply = `{"id":"1","object":"chat.completion","model":"up","choices":[{"index":0,"finish_reason":"stop",` +
	`"message":{"role":"assistant","content":"hello"}}],"usage":{"prompt_tokens":10,"completion_tokens":10,"total_tokens":20}}`

// startUpstream starts an upstream that runs until the test ends.
func startUpstream(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{asked: map[string]int{}, refuses: map[string]string{}}
	u.Server = httptest.NewServer(http.HandlerFunc(u.answer))
	t.Cleanup(u.Close)
	return u
}

// answer answers a request.
func (u *upstream) answer(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	router, name := r.Header.Get("X-Router"), strings.Split(r.URL.Path, "/")[1]
	u.mu.Lock()
	u.asked[name]++
	wait, gate := u.refuses[name], u.gate
	if gate != nil {
		u.waiting[router]++
	}
	u.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if wait != "" {
		w.Header().Set("Retry-After", wait)
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"error":{"message":"slow down"}}`)
		return
	}
	if gate != nil {
		<-gate
	}
	time.Sleep(latency) // it plays a model
	_, _ = io.WriteString(w, reply)
}

// count returns how many requests a deployment got.
func (u *upstream) count(name string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked[name]
}

// refuse has a deployment answer 429 from now on, with a Retry-After in seconds.
func (u *upstream) refuse(name, seconds string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.refuses[name] = seconds
}

// accept ends what refuse began.
func (u *upstream) accept(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.refuses, name)
}

// hold has requests wait until open is called; waiting returns how many of each router wait.
func (u *upstream) hold() (waiting func() map[string]int, open func()) {
	gate := make(chan struct{})
	u.mu.Lock()
	defer u.mu.Unlock()
	u.gate, u.waiting = gate, map[string]int{}
	return func() map[string]int {
			u.mu.Lock()
			defer u.mu.Unlock()
			return maps.Clone(u.waiting)
		}, func() {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.gate = nil
			close(gate)
		}
}
