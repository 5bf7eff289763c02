// Package flaky simulates a bad network in tests: a Server puts faults in front of a
// handler, one for each matching request, in order, and passes later requests on.
package flaky

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Fault answers one request in place of the handler.
type Fault func(w http.ResponseWriter, r *http.Request)

// DropConnection closes the connection without an answer.
func DropConnection(w http.ResponseWriter, _ *http.Request) {
	if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = c.Close()
	}
}

// CutBody sends the beginning of a JSON reply, announces its full length, and closes.
func CutBody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte(`{"status":"o`))
}

// CutWithoutLength sends the beginning of a JSON reply without a length, so that only
// its content shows that the end is missing.
func CutWithoutLength(w http.ResponseWriter, _ *http.Request) {
	if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_, _ = c.Write([]byte("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"status\":\"wa"))
		_ = c.Close()
	}
}

// ReplyStatus answers with that status and an HTML page, as a proxy does.
func ReplyStatus(status int) Fault {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>not now", status) }
}

// ReplyHTML answers 200 with an HTML page, as a network's captive portal does.
func ReplyHTML(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte("<html><body>Please agree to our terms"))
}

// ReplyRetryAfter answers 429 with a Retry-After header.
func ReplyRetryAfter(wait time.Duration) Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
		http.Error(w, "{}", http.StatusTooManyRequests)
	}
}

// ReplyJSON answers with a JSON text.
func ReplyJSON(status int, text string) Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}
}

// Hang gives no answer until the client disconnects.
func Hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// Server puts faults in front of Next.
type Server struct {
	Next   http.Handler
	Path   string  // path of the requests that fail; others are passed on
	Faults []Fault // one for each request, in order

	mu   sync.Mutex
	seen []time.Time
}

// InFrontOf puts s in front of a handler.
func (s *Server) InFrontOf(next http.Handler) http.Handler {
	s.Next = next
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fault := s.nextFault(r); fault != nil {
		fault(w, r)
		return
	}
	s.Next.ServeHTTP(w, r)
}

// nextFault returns the fault of a request, nil when it is passed on.
func (s *Server) nextFault(r *http.Request) Fault {
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

// RequestTimes returns the times of the requests for Path.
func (s *Server) RequestTimes() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time{}, s.seen...)
}
