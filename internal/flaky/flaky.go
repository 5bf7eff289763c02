// Package flaky is a double of a bad network, for tests: Server puts faults in
// front of a handler, one for each matching request, in order, and passes on
// what comes after them.
package flaky

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Fault answers one request in place of the handler.
type Fault func(w http.ResponseWriter, r *http.Request)

// Drop closes the connection without an answer.
func Drop(w http.ResponseWriter, _ *http.Request) {
	if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = c.Close()
	}
}

// Cut sends the begin of a JSON answer, names its full length, and closes.
func Cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte(`{"status":"o`))
}

// CutUnnoticed sends the begin of a JSON answer without a length, so that only
// its content shows that the end is missing.
func CutUnnoticed(w http.ResponseWriter, _ *http.Request) {
	if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_, _ = c.Write([]byte("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"status\":\"wa"))
		_ = c.Close()
	}
}

// Status answers with that status and a page, as a proxy in between does.
func Status(status int) Fault {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>not now", status) }
}

// Page answers with a page and a status that says that all is well, as a
// network's portal does.
func Page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte("<html><body>Please agree to our terms"))
}

// RetryAfter answers 429 and asks to wait.
func RetryAfter(wait time.Duration) Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
		http.Error(w, "{}", http.StatusTooManyRequests)
	}
}

// Reply answers with a JSON text.
func Reply(status int, text string) Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}
}

// Hang gives no answer until the client has gone.
func Hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// Server puts faults in front of Next.
type Server struct {
	Next   http.Handler
	Path   string  // of the requests that fail; others pass
	Faults []Fault // the first of them for the first request, and so on

	mu   sync.Mutex
	seen []time.Time
}

// Before puts s in front of a handler.
func (s *Server) Before(next http.Handler) http.Handler {
	s.Next = next
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fault := s.take(r); fault != nil {
		fault(w, r)
		return
	}
	s.Next.ServeHTTP(w, r)
}

func (s *Server) take(r *http.Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path != s.Path {
		return nil
	}
	s.seen = append(s.seen, time.Now())
	if n := len(s.seen); n <= len(s.Faults) {
		return s.Faults[n-1]
	}
	return nil
}

// Seen are the times of the requests for Path.
func (s *Server) Seen() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time{}, s.seen...)
}
