package routertest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is an upstream whose replies a test writes itself.
type Server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string // the path of each request
}

// Serve starts an upstream that answers each request by reply; n is the number of the
// request, from 0. It runs until the test ends.
func Serve(t *testing.T, reply func(n int, w http.ResponseWriter, r *http.Request)) *Server {
	t.Helper()
	s := &Server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n := len(s.seen)
		s.seen = append(s.seen, r.URL.Path)
		s.mu.Unlock()
		reply(n, w, r)
	}))
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// Addr returns the host and port of the upstream.
func (s *Server) Addr() string { return s.Listener.Addr().String() }

// Calls returns how many requests the upstream has received.
func (s *Server) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// WriteError answers with an error of that status, and with header lines such as "Retry-After: 1".
func WriteError(w http.ResponseWriter, status int, header ...string) {
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"message":"the model says %d","type":"upstream_error"}}`, status)
}

// WriteReply answers with a good chat completion.
func WriteReply(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"id":"c1","object":"chat.completion","model":"up",`+
		`"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}]}`)
}

// FailThen returns a reply for Serve that answers the first request with an error of that
// status, and the others by next.
func FailThen(status int, next func(w http.ResponseWriter)) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			WriteError(w, status)
			return
		}
		next(w)
	}
}

// Trickle returns a handler that answers with a stream: text, as many times as times says
// and interval apart, then rest.
func Trickle(text string, interval time.Duration, times int, rest string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range times {
			_, _ = io.WriteString(w, text)
			w.(http.Flusher).Flush()
			select {
			case <-time.After(interval):
			case <-r.Context().Done():
				return
			}
		}
		_, _ = io.WriteString(w, rest)
	}
}

// AnswerEncoded returns a handler that answers with body as it is and a Content-Encoding.
// encoding has the values of several headers, separated by semicolons.
func AnswerEncoded(status int, contentType, encoding, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header()["Content-Encoding"] = strings.Split(encoding, ";")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// GoodReply is the body of a good chat completion of model m.
const GoodReply = `{"id":"1","object":"chat.completion","model":"m",` +
	`"choices":[{"index":0,"message":{"role":"assistant","content":"good"},"finish_reason":"stop"}]}`
