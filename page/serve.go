package page

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// When the server ends by itself.
const (
	idleLimit  = 15 * time.Minute // nobody has looked
	aloneLimit = time.Minute      // the supervisor, which ran, is gone
	lookEvery  = 5 * time.Second
)

// ServeOptions are how Serve runs.
type ServeOptions struct {
	Sources    Sources
	RuntimeDir string
	Log        *slog.Logger
	// Alone reports whether the stack has no supervisor; the server ends when that stays so
	// after there was one.
	Alone func(ctx context.Context) bool
}

// record is where the server can be asked for a link, in a file that only this user can read.
type record struct {
	PID     int    `json:"pid"`
	URL     string `json:"url"`
	Secret  string `json:"secret"`
	Version string `json:"version"`
}

// recordFile returns the path of the record.
func recordFile(runtimeDir string) string { return filepath.Join(runtimeDir, "page.json") }

// Serve serves the page on a free port of 127.0.0.1 until ctx ends, until nobody has looked
// for a quarter of an hour, or until the stack is gone. Where another process serves the page
// of the same stack already, it returns at once. Faults: runtime-dir-unwritable.
func Serve(ctx context.Context, o ServeOptions) error {
	if err := control.EnsureRuntimeDir(o.RuntimeDir); err != nil {
		return err
	}
	lock, err := flock.Take(ctx, filepath.Join(o.RuntimeDir, "page.lock"), 0)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		o.Log.Info("another process serves the page")
		return nil
	case err != nil:
		return control.UnwritableFault(o.RuntimeDir, err)
	}
	defer lock.Close()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	rec := record{os.Getpid(), "http://" + listener.Addr().String(), rand.Text(), version.String()}
	text, err := json.Marshal(rec)
	if err == nil {
		err = privatefile.Write(recordFile(o.RuntimeDir), text)
	}
	if err != nil {
		return errors.Join(control.UnwritableFault(o.RuntimeDir, err), listener.Close())
	}
	defer func() { _ = os.Remove(recordFile(o.RuntimeDir)) }()
	return o.serve(ctx, rec, ownListener{listener, o.Log})
}

// serve serves the page until it has to end.
func (o ServeOptions) serve(ctx context.Context, rec record, listener net.Listener) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	s := New(o.Sources)
	server := newHTTPServer(withCommands(s, rec, end), o.Log)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	o.Log.Info("the page is served", "url", rec.URL, "version", rec.Version)
	o.watch(ctx, s)
	s.Close() // ends the streams
	patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if server.Shutdown(patient) != nil {
		_ = server.Close()
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Limits of one request: a browser on this machine takes milliseconds, and sends a kilobyte.
const (
	requestPatience = 10 * time.Second // until a request is read, and until a part of the reply is taken
	keepAlive       = time.Minute      // until the next request of a connection
	maxHeader       = 16 << 10         // bytes of a request's header
)

// newHTTPServer returns a server that does not wait for slow clients.
func newHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{Handler: handler, ReadTimeout: requestPatience, IdleTimeout: keepAlive, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
}

// watch returns when the server has to end.
func (o ServeOptions) watch(ctx context.Context, s *Server) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var had bool
	last := o.Sources.Now()
	for {
		now := o.Sources.Now()
		if !o.Alone(ctx) {
			had, last = true, now
		}
		_, err := os.Stat(o.RuntimeDir)
		switch {
		case ctx.Err() != nil:
			return
		case now.Sub(s.IdleSince()) >= idleLimit:
			o.Log.Info("ends: nobody has looked at the page", "for", idleLimit.String())
			return
		case had && now.Sub(last) >= aloneLimit, errors.Is(err, os.ErrNotExist):
			o.Log.Info("ends: the stack is gone")
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// withCommands adds to the page what commands ask for: a link, and the end of the server. They
// send the secret of the record.
func withCommands(s *Server, rec record, end func()) http.Handler {
	authorized := func(r *http.Request) bool {
		return subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+rec.Secret)) == 1
	}
	mux := http.NewServeMux()
	mux.Handle("/", s)
	mux.HandleFunc("POST /command/{name}", func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		switch name := r.PathValue("name"); {
		case !isThisMachine(r.Host) || !authorized(r):
			w.WriteHeader(http.StatusForbidden)
		case name == "link":
			s.noteLook()
			_ = json.NewEncoder(w).Encode(Link{URL: rec.URL + "/open/" + s.keys.newLink(), PID: rec.PID,
				ExpiresAt: s.sources.Now().Add(linkLife).UTC().Round(time.Second)})
			_ = http.NewResponseController(w).Flush()
			s.gather() // while the browser starts, so that the page need not wait for it
		case name == "end":
			end()
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	return mux
}

// ownListener accepts connections of this user's processes only: the cookie of a browser goes
// to every port of a host, and so to other users' servers, too.
type ownListener struct {
	net.Listener
	log *slog.Logger
}

// Accept waits for the next connection of a process of this user.
func (l ownListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if err := tcp.CheckPeer(conn); err == nil {
			return conn, nil
		}
		l.log.Warn("refused a connection that is not of a process of this user", "remote", conn.RemoteAddr().String())
		_ = conn.Close()
	}
}
