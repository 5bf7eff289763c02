package page

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
)

// NewLink returns the path of a new link, as the command gets it.
func (s *Server) NewLink() string { return "/open/" + s.keys.newLink() }

// Watch returns when a server with these options has to end.
func (o ServeOptions) Watch(ctx context.Context, s *Server) { o.watch(ctx, s) }

// Look notes that somebody looks at the page now.
func (s *Server) Look() { s.noteLook() }

// Show counts a page as shown until hide is called.
func (s *Server) Show() (hide func()) {
	s.addWatcher()
	return s.removeWatcher
}

// NewHTTPServer returns the server that Serve runs.
func NewHTTPServer(s *Server) *http.Server { return newHTTPServer(s, slog.New(slog.DiscardHandler)) }

// MaxWatchers is how many pages are shown at the same time at most.
const MaxWatchers = maxWatchers

// NewSession returns the cookie of a new session, as a browser sends it over a connection
// in memory, which has no port.
func (s *Server) NewSession() string {
	secret, _ := s.keys.useLink(s.keys.newLink())
	return "flowgate_page_80=" + secret
}

// Switch puts a profile in force, as the page's form does.
func (s *Server) Switch(name string) {
	r := &http.Request{PostForm: map[string][]string{"profile": {name}}, Form: map[string][]string{}}
	s.serveProfile(httptest.NewRecorder(), r, session{})
}

// Gather asks the sources whose answers are too old.
func (s *Server) Gather() { s.gather() }

// Examine runs doctor's checks again, as the page's button does.
func (s *Server) Examine() { s.serveExamine(httptest.NewRecorder(), nil, session{}) }
