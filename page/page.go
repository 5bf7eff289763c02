// Package page is the web page of a stack: its services, profile, accounts, quotas, usage and
// problems, live in a browser on this machine. New makes a Server, which is an http.Handler;
// Serve runs it until nobody looks any more; Open is the command's side, which finds or starts
// the process that serves and gets a link from it.
//
// Whoever opens the page shows a link that is good once and gets a cookie for it. The server
// answers only requests that name this machine in their Host header, and connections of this
// user's processes; what changes something needs a token that only the page itself holds. The
// page loads nothing from elsewhere and shows no secret.
//
// It decides nothing: what it shows comes from Sources.
//
// It is larger than other packages because templates, the rows that they show and the access to them
// belong together, and nothing else uses them.
package page

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/window"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// Sources are what the page shows and what it does. Each is called while somebody looks, and
// never twice at the same time.
type Sources struct {
	Installation string // the configuration's file, for the title
	Program      string // how the program is typed: mage, flowgate

	Stack   func(ctx context.Context) (Stack, error)
	Events  func(ctx context.Context) ([]control.Event, error) // of the last day, the oldest first
	Usage   func(ctx context.Context) (Usage, error)           // nil: not kept
	Examine func(ctx context.Context) ([]report.Result, error) // doctor's checks

	// SetProfile puts a profile in force, and returns what happened, for people.
	SetProfile func(ctx context.Context, name string) (string, error)

	Now func() time.Time
}

// Stack is the state of a stack.
type Stack struct {
	Status   control.Status
	Profile  string // in force
	Profiles []string
	Accounts []auth.Account
	Quota    window.Overview
}

// Server serves the page. It is safe for concurrent use.
type Server struct {
	sources Sources
	keys    keys
	mux     *http.ServeMux
	protect *http.CrossOriginProtection

	asking   sync.Mutex // held while the sources are asked, and before mu
	mu       sync.Mutex
	stack    cached[Stack]
	events   cached[[]control.Event]
	usage    cached[Usage]
	findings cached[[]report.Result]

	examining bool           // doctor's checks run
	changing  bool           // a profile is being put in force
	tasks     sync.WaitGroup // what runs in the background
	seen      time.Time      // when somebody looked last
	watchers  int            // pages that are shown now
	changed   chan struct{}  // closed when something is to be shown at once

	life context.Context // ends the server's own work
	end  context.CancelFunc
}

// New returns a Server. Call Close when it serves no more.
func New(o Sources) *Server {
	s := &Server{sources: o, changed: make(chan struct{}), seen: o.Now(), protect: http.NewCrossOriginProtection()}
	s.keys.now = o.Now
	s.life, s.end = context.WithCancel(context.Background())
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("GET /open/{token}", s.serveLink)
	s.mux.HandleFunc("GET /{$}", s.withSession(s.servePage))
	s.mux.HandleFunc("GET /live", s.withSession(s.serveLive))
	s.mux.HandleFunc("GET /assets/{name}", s.serveAsset)
	s.mux.HandleFunc("POST /profile", s.withSession(s.withToken(s.serveProfile)))
	s.mux.HandleFunc("POST /examine", s.withSession(s.withToken(s.serveExamine)))
	s.mux.HandleFunc("/", s.serveUnknown)
	return s
}

// Close ends what runs in the background, and tells the pages that are shown.
func (s *Server) Close() {
	s.end()
	s.tasks.Wait()
}

// noteLook notes that somebody looks at the page now.
func (s *Server) noteLook() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = s.sources.Now()
}

// IdleSince returns when somebody looked last; the present while a page is shown.
func (s *Server) IdleSince() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watchers > 0 || s.changing {
		s.seen = s.sources.Now()
	}
	return s.seen
}

// announce has all pages look again at once. The caller holds mu.
func (s *Server) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}
