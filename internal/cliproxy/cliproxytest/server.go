// Package cliproxytest is a double of CLIProxyAPI's management API, for tests:
// both generations, answering as CLIProxyAPI 7 and CLIProxyAPIPlus 6 were
// recorded to. It performs no sign-in: a test says how each one ends.
package cliproxytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Server is a double of one CLIProxyAPI.
type Server struct {
	Seven  bool                               // of generation 7; else Plus 6
	Key    string                             // the management key
	Dir    string                             // its auth-dir
	Words  []string                           // of the providers that it signs in to
	Finish func(code string) (failure string) // ends a sign-in: writes a file, or says why not
	Models map[string]int                     // by file name; absent means 3
	Status map[string]map[string]any          // more fields of a listed file, by name
	Front  func(http.Handler) http.Handler    // put in front of it: a bad network
	Keys   map[string][]map[string]any        // its accounts with API keys, by list

	http     *httptest.Server
	mu       sync.Mutex
	failures int
	sessions map[string]string // state → "wait", "ok", or a failure
	begun    int
	asked    []string // method and path of every request
}

// Start serves the double on loopback until the test ends.
func (s *Server) Start(t testing.TB) *httptest.Server {
	t.Helper()
	s.sessions = map[string]string{}
	handler := http.Handler(s)
	if s.Front != nil {
		handler = s.Front(s)
	}
	s.http = httptest.NewServer(handler)
	t.Cleanup(s.http.Close)
	return s.http
}

// Stop ends the double as a crash would, with connections open.
func (s *Server) Stop() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// Asked returns the requests so far, such as "GET /v0/management/auth-files".
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.asked...)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	path, managed := strings.CutPrefix(r.URL.Path, "/v0/management/")
	switch {
	case !managed && strings.HasSuffix(r.URL.Path, "/callback"):
		s.serveCallbackPage(w, r)
		return
	case !managed:
		http.NotFound(w, r)
		return
	case s.Key == "":
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("X-Cpa-Version", map[bool]string{true: "7.0.0", false: "6.5.9-plus"}[s.Seven])
	if s.Seven {
		w.Header().Set("X-Cpa-Support-Plugin", "1")
	}
	isPublic := s.Seven && path == "oauth-callback" // takes no key
	if !isPublic && !s.admit(w, r) {
		return
	}
	s.route(w, r, path)
}

// admit reports whether the request has the key, and answers it when it has not. Five wrong
// keys ban a client of generation 7, on loopback too.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) bool {
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case s.Seven && s.failures >= 5:
		reply(w, http.StatusForbidden,
			map[string]any{"error": "IP banned due to too many failed attempts. Try again in 30m0s"})
	case key == "":
		s.failures++
		reply(w, http.StatusUnauthorized, map[string]any{"error": "missing management key"})
	case key != s.Key:
		s.failures++
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid management key"})
	default:
		return true
	}
	return false
}

// route answers a request of the management API.
func (s *Server) route(w http.ResponseWriter, r *http.Request, path string) {
	word, isBegin := strings.CutSuffix(path, "-auth-url")
	switch {
	case isBegin:
		s.beginSession(w, word)
	case path == "get-auth-status":
		s.replyProgress(w, r.URL.Query().Get("state"))
	case path == "oauth-callback" && r.Method == http.MethodPost && s.Seven:
		var in struct{ State, Code, Error string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		s.takeCallback(w, in.State, in.Code, in.Error)
	case path == "oauth-session" && r.Method == http.MethodDelete && s.Seven:
		_, known := s.sessions[r.URL.Query().Get("state")]
		delete(s.sessions, r.URL.Query().Get("state"))
		reply(w, http.StatusOK, map[string]any{"status": "ok", "cancelled": known})
	case strings.HasSuffix(path, "-api-key") || path == "openai-compatibility":
		s.serveKeys(w, r, path)
	case path == "auth-files":
		s.listFiles(w)
	case path == "auth-files/models" && s.Seven:
		s.listModels(w, r.URL.Query().Get("name"))
	default:
		http.NotFound(w, r)
	}
}

// beginSession begins a sign-in and answers with its address.
func (s *Server) beginSession(w http.ResponseWriter, word string) {
	for _, known := range s.Words {
		if known == word {
			s.begun++
			state := fmt.Sprintf("state-%d", s.begun)
			s.sessions[state] = "wait"
			reply(w, http.StatusOK, map[string]any{"status": "ok", "url": "https://provider.example/authorize?state=" + state,
				"state": state})
			return
		}
	}
	http.Error(w, "404 page not found", http.StatusNotFound)
}

// replyProgress answers with the state of a sign-in.
func (s *Server) replyProgress(w http.ResponseWriter, state string) {
	switch status, known := s.sessions[state]; {
	case !known && s.Seven:
		reply(w, http.StatusOK, map[string]any{"status": "error", "error": "unknown or expired state"})
	case !known, status == "ok":
		reply(w, http.StatusOK, map[string]any{"status": "ok"})
	case status == "wait":
		reply(w, http.StatusOK, map[string]any{"status": "wait"})
	default:
		if !s.Seven {
			delete(s.sessions, state) // the second question gets an ok
		}
		reply(w, http.StatusOK, map[string]any{"status": "error", "error": status})
	}
}

// takeCallback takes the browser's answer from the management API.
func (s *Server) takeCallback(w http.ResponseWriter, state, code, failure string) {
	status, known := s.sessions[state]
	switch {
	case state == "":
		reply(w, http.StatusBadRequest, map[string]any{"error": "state is required"})
	case code == "" && failure == "":
		reply(w, http.StatusBadRequest, map[string]any{"error": "code or error is required"})
	case !known:
		reply(w, http.StatusNotFound, map[string]any{"error": "unknown or expired state"})
	case status != "wait":
		reply(w, http.StatusConflict, map[string]any{"error": status})
	default:
		s.endSession(state, code, failure)
		reply(w, http.StatusOK, map[string]any{"status": "ok"})
	}
}

// serveCallbackPage serves the callback page of the older generation, which accepts
// every state.
func (s *Server) serveCallbackPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if s.sessions[q.Get("state")] == "wait" {
		s.endSession(q.Get("state"), q.Get("code"), q.Get("error"))
	}
	_, _ = w.Write([]byte("<html><body>Authentication successful!</body></html>"))
}

// endSession ends a sign-in, with a failure or by Finish.
func (s *Server) endSession(state, code, failure string) {
	if failure == "" && s.Finish != nil {
		failure = s.Finish(code)
	}
	s.sessions[state] = map[bool]string{true: "ok", false: failure}[failure == ""]
}

// listFiles answers with the credentials in Dir.
func (s *Server) listFiles(w http.ResponseWriter) {
	entries, _ := os.ReadDir(s.Dir)
	list := []map[string]any{}
	for _, e := range entries {
		var content struct{ Type, Email string }
		b, err := os.ReadFile(filepath.Join(s.Dir, e.Name()))
		if filepath.Ext(e.Name()) != ".json" || err != nil || json.Unmarshal(b, &content) != nil || content.Type == "" {
			continue
		}
		f := map[string]any{"id": e.Name(), "name": e.Name(), "type": content.Type, "provider": content.Type,
			"status": "active", "status_message": "", "disabled": false, "unavailable": false, "email": content.Email,
			"auth_index": 7}
		if s.Seven {
			f["auth_index"] = "0123456789abcdef"
		}
		for key, value := range s.Status[e.Name()] {
			f[key] = value
		}
		list = append(list, f)
	}
	reply(w, http.StatusOK, map[string]any{"files": list})
}

// serveKeys answers with a list of API keys, or takes a new one as a whole.
func (s *Server) serveKeys(w http.ResponseWriter, r *http.Request, list string) {
	if _, known := s.Keys[list]; !known {
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodPut {
		var items []map[string]any
		if json.NewDecoder(r.Body).Decode(&items) != nil {
			reply(w, http.StatusBadRequest, map[string]any{"error": "invalid body"})
			return
		}
		s.Keys[list] = items
		reply(w, http.StatusOK, map[string]any{"status": "ok"})
		return
	}
	shown := []map[string]any{}
	for i, item := range s.Keys[list] {
		entry := map[string]any{"auth-index": fmt.Sprint(i)}
		for key, value := range item {
			entry[key] = value
		}
		shown = append(shown, entry)
	}
	reply(w, http.StatusOK, map[string]any{list: shown})
}

// listModels answers with the models of a credential.
func (s *Server) listModels(w http.ResponseWriter, name string) {
	n, isSet := s.Models[name]
	if _, err := os.Stat(filepath.Join(s.Dir, name)); err == nil && !isSet {
		n = 3
	}
	list := []map[string]any{}
	for i := range n {
		list = append(list, map[string]any{"id": fmt.Sprintf("m%d", i), "type": "x"})
	}
	reply(w, http.StatusOK, map[string]any{"models": list})
}

// reply writes a JSON reply.
func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
