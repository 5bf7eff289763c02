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

// Server is an upstream that a test scripts itself.
type Server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string // the path of each request
}

// Serve starts an upstream that answers the n-th request, from 0, by reply.
func Serve(t *testing.T, reply func(n int, w http.ResponseWriter, r *http.Request)) *Server {
	t.Helper()
	p := &Server{}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		n := len(p.seen)
		p.seen = append(p.seen, r.URL.Path)
		p.mu.Unlock()
		reply(n, w, r)
	}))
	p.Start()
	t.Cleanup(p.Close)
	return p
}

// Addr returns the host and port of the upstream.
func (p *Server) Addr() string { return p.Listener.Addr().String() }

// Calls returns how many requests there were.
func (p *Server) Calls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.seen)
}

// WriteError answers with a status and header lines.
func WriteError(w http.ResponseWriter, status int, header ...string) {
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"message":"the model says %d","type":"upstream_error"}}`, status)
}

// WriteReply answers a chat completion.
func WriteReply(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"id":"c1","object":"chat.completion","model":"up","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}]}`)
}

// FailThen answers the first request with status, the others as next says.
func FailThen(status int, next func(w http.ResponseWriter)) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			WriteError(w, status)
			return
		}
		next(w)
	}
}

// Trickle answers in a stream: text every interval, so many times, then the rest.
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

// AnswerEncoded answers with a Content-Encoding, whatever the body is.
func AnswerEncoded(status int, contentType, encoding, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header()["Content-Encoding"] = strings.Split(encoding, ";")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// GoodReply is a chat completion of group m.
const GoodReply = `{"id":"1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"good"},"finish_reason":"stop"}]}`
