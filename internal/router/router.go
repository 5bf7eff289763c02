// Package router is the embedded router: it reads LiteLLM's configuration
// format and serves LiteLLM's routes. Load reads a file, New makes a Router of
// it, which is an http.Handler, and Serve listens.
//
// Bodies pass through: the router finds the model name in the bytes and
// replaces it, there and back. It never decodes a body, never translates one
// dialect into another, never forwards a client's key, cookies or address, and
// never tells a client where an upstream is.
package router

import (
	"crypto/sha256"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/samber/lo"
)

// Options are what a Router takes from outside. The zero value works.
type Options struct {
	Logger *slog.Logger     // failures, cooldowns and fallbacks, never bodies or keys; default: discarded
	Now    func() time.Time // default time.Now
	Rand   func() float64   // from 0 up to 1, for the choice of deployments and for jitter; default math/rand
	Sleep  Sleep            // waits between retries; default: a timer

	// Hosts are names that requests to a loopback address may carry in their
	// Host header besides localhost and IP addresses.
	Hosts []string

	// Supervised are the addresses (host:port) of services that FlowGate runs
	// itself: requests go there only while a process of this user listens.
	Supervised []string

	// OwnKeys are keys that FlowGate made. A deployment on this machine that
	// has one is treated as a supervised one.
	OwnKeys []string

	// MaxBody is the longest request and the longest unstreamed reply in bytes; default 64 MiB.
	MaxBody int64

	// BodyTimeout is how long the body of a request may take, besides a second
	// for each 16 kB of it; default 60 s.
	BodyTimeout time.Duration

	// MaxHeld is how many bytes of requests and unstreamed replies are held
	// over all requests; default 256 MiB, at least one longest request. More
	// are answered with 503 and Retry-After.
	MaxHeld int64

	// StrictParity switches back to LiteLLM's behaviour where the router
	// improves on it by default: cooldown settings under litellm_settings and
	// allowed_fails: 3 are ignored, an upstream's invalid reply is 500.
	StrictParity bool
}

// defaultMaxHeld is the default of Options.MaxHeld.
const defaultMaxHeld = 256 << 20

// Router serves the groups of one Settings. It is safe for concurrent use.
type Router struct {
	settings  *Settings
	opts      Options
	groups    map[string]*group
	list      []byte // the body of GET /v1/models
	keySum    [sha256.Size]byte
	cooling   cooldownRule
	transport *http.Transport
	after     func(time.Duration) <-chan time.Time // time.After
	unshared  *http.Transport                      // for a request that must have a new connection
	calls     sync.Pool
	watch     watch
	memory    memory

	writePatience time.Duration // writePatience, but in tests
}

// group is all deployments that one model name reaches.
type group struct {
	name        string
	deployments []*Deployment
	only        bool // one deployment: it is spared most cooldowns
	keyed       bool // some deployment has what its key reference names
}

// New makes a Router. It logs the settings' warnings once. Settings belong to
// one Router: load them again for another. Faults: master-key-missing, master-key-weak.
func New(s *Settings, opts Options) (*Router, error) {
	if err := checkMasterKey(s); err != nil {
		return nil, err
	}
	opts.Logger = lo.CoalesceOrEmpty(opts.Logger, slog.New(slog.DiscardHandler))
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Rand == nil {
		opts.Rand = rand.Float64
	}
	if opts.Sleep == nil {
		opts.Sleep = sleep
	}
	opts.BodyTimeout = lo.CoalesceOrEmpty(opts.BodyTimeout, defaultBodyTimeout)
	opts.MaxBody = lo.CoalesceOrEmpty(opts.MaxBody, 64<<20)
	opts.MaxHeld = max(lo.CoalesceOrEmpty(opts.MaxHeld, defaultMaxHeld), opts.MaxBody+1)
	own, err := findOwn(s, opts)
	if err != nil {
		return nil, err
	}
	r := &Router{settings: s, opts: opts, groups: groups(s), keySum: sha256.Sum256([]byte(s.masterKey)), transport: transport(own)}
	r.unshared, r.after = unshared(r.transport), time.After
	r.memory.limit = opts.MaxHeld
	r.cooling = s.cooling.effective(s.coolingDead, opts.StrictParity)
	r.list = modelList(s.names)
	r.writePatience = writePatience
	r.calls.New = func() any { return new(call) }
	for _, w := range s.Warnings {
		opts.Logger.Warn(w.Message, "code", w.Code, "path", w.Path, "line", w.Line)
	}
	opts.Logger.Info("router configured", "groups", len(s.names), "deployments", len(s.Deployments))
	return r, nil
}

// groups collects deployments by model_name, and by litellm_params.model for
// clients that ask for a deployment by its full name, as LiteLLM allows.
func groups(s *Settings) map[string]*group {
	out := map[string]*group{}
	add := func(name string, d *Deployment) {
		if out[name] == nil {
			out[name] = &group{name: name}
		}
		out[name].deployments = append(out[name].deployments, d)
	}
	for _, d := range s.Deployments {
		d.prepare()
		add(d.Group, d)
	}
	for _, d := range s.Deployments {
		if !slices.Contains(s.names, d.Model) && d.mock == nil && d.missing == "" {
			add(d.Model, d)
		}
	}
	for _, g := range out {
		slices.SortStableFunc(g.deployments, func(a, b *Deployment) int {
			return lo.Ternary(a.order < b.order, -1, lo.Ternary(a.order > b.order, 1, 0))
		})
		g.only = len(g.deployments) == 1
		g.keyed = slices.ContainsFunc(g.deployments, func(d *Deployment) bool { return d.missing == "" })
	}
	return out
}

// Close ends idle connections to upstreams. Requests in flight go on.
func (r *Router) Close() error {
	r.transport.CloseIdleConnections()
	r.unshared.CloseIdleConnections()
	r.memory.close()
	return nil
}

// ServeHTTP answers one request. Routing comes before the key, as in LiteLLM:
// an unknown path is 404 and a wrong method 405 for everybody.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	secure(w.Header())
	to, known := findTarget(req.URL.Path)
	if !known {
		to, known = findTarget(foldPath(req.URL.Path))
	}
	switch {
	case !r.hostAllowed(req):
		refuseBody(w, req)
		writeEnvelope(w, to.dialect, http.StatusForbidden, envelope{Type: "permission_error",
			Message: "Host header not allowed: use localhost or an IP address, or list the name in general_settings.flowgate_allowed_hosts"})
	case wantsWebSocket(req):
		refuseWebSocket(w, req, to)
	case !known:
		refuseBody(w, req)
		notFound(w, req)
	case to.get == nil:
		r.post(w, req, to.dialect, to.model)
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		notAllowed(w, req, "GET, HEAD")
	case open(to.path) || r.authorize(w, req, chat):
		to.get(r, w, req)
	}
}

// post serves the routes that carry a body. pathModel is the model that the
// path names; it wins over the body's.
func (r *Router) post(w http.ResponseWriter, req *http.Request, d dialect, pathModel string) {
	if req.Method != http.MethodPost {
		notAllowed(w, req, "POST")
		return
	}
	if !r.authorize(w, req, d) {
		return
	}
	c := r.calls.Get().(*call)
	c.begin(r, w, req, d)
	defer c.end()
	if f := c.accept(pathModel); f != nil {
		c.fail(f)
		return
	}
	c.serve()
}

func notAllowed(w http.ResponseWriter, req *http.Request, allow string) {
	refuseBody(w, req)
	w.Header().Set("Allow", allow)
	detail(w, http.StatusMethodNotAllowed, "Method Not Allowed")
}
