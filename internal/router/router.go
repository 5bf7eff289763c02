// Package router is the embedded router: it serves LiteLLM's routes with LiteLLM's
// configuration. settings.Load reads a configuration, New makes a Router from it, which
// is an http.Handler, and listen.Serve accepts connections.
//
// A request is accepted (package request), routed (route), sent to a deployment
// (upstream), copied to the client (reply) and counted (route, cooldown). Bodies pass
// through: the router only finds the model's name in the bytes of requests and replies,
// and replaces it. It translates them only where an upstream does not have the client's
// dialect (translate). The router never forwards a client's key, cookies or address, and never
// tells a client where an upstream is.
//
// It has more than 700 lines because the routes that need no upstream are answered here.
package router

import (
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/access"
	"github.com/flowgate-go/flowgate/internal/router/catalog"
	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/memory"
	"github.com/flowgate-go/flowgate/internal/router/metric"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/route"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/shared"
	"github.com/flowgate-go/flowgate/internal/router/transport"
	"github.com/flowgate-go/flowgate/internal/router/upstream"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// Options are the settings of a Router that are not in the configuration. The zero value
// is valid.
type Options struct {
	Logger *slog.Logger     // gets failures, cooldowns and fallbacks, never bodies or keys; default: none
	Now    func() time.Time // default time.Now
	Rand   func() float64   // from 0 up to 1, for the choice of deployments and for jitter; default math/rand
	Sleep  route.Sleep      // waits between retries; default: a timer

	// Hosts are names that requests to a loopback address may have in their Host
	// header besides localhost and IP addresses.
	Hosts []string

	// Supervised are the addresses (host:port) of services that FlowGate runs
	// itself: requests go there only while a process of this user listens.
	Supervised []string

	// OwnKeys are keys that FlowGate made. A deployment on this machine that
	// has one is treated as a supervised one.
	OwnKeys []string

	// MaxBody is the longest request and the longest unstreamed reply in bytes; default 64 MiB.
	MaxBody int64

	// BodyTimeout is how long the body of a request may take to arrive, plus one
	// second for each 16 KiB of it; default 60 s.
	BodyTimeout time.Duration

	// MaxHeld is how many bytes of requests and unstreamed replies all requests
	// together may hold; default 256 MiB, at least one longest request. Requests
	// that exceed it are answered with 503 and Retry-After.
	MaxHeld int64

	// Recorder gets what was noted of each request for a model that had the right key, when it
	// has ended: also failures, and requests whose clients left. The Request is valid only
	// during the call: a copy of the struct may be kept. Recorder is called by many goroutines
	// at once and must not block. nil: nothing is noted.
	Recorder func(*record.Request)

	// Keys enforces the named keys. Who made it closes it, and hands it what the Recorder gets.
	// nil: only the gateway key is valid.
	Keys *keylimit.Limiter

	// Metrics counts requests and answers GET /metrics; who made it hands it what the Recorder gets.
	// nil: there is no such route.
	Metrics *metric.Registry

	// StrictParity restores LiteLLM's behaviour where the router improves on
	// it by default: cooldown settings under litellm_settings and
	// allowed_fails: 3 are ignored, an upstream's invalid reply is 500.
	StrictParity bool
}

// Defaults of Options.
const (
	defaultMaxBody = 64 << 20
	defaultMaxHeld = 256 << 20
)

// Router serves the groups of one Settings. It is safe for concurrent use.
type Router struct {
	settings    *settings.Settings
	access      *access.Rules
	keys        *keylimit.Limiter
	metrics     *metric.Registry
	deployments []*deployment.Deployment
	catalog     *catalog.Catalog

	reader   request.Reader
	policy   route.Policy
	sender   upstream.Sender
	replies  reply.Options
	watchdog watchdog.Watchdog
	memory   memory.Budget
	calls    callPools
	recorder func(*record.Request)
	quota    quota.Newest
	requests atomic.Int64 // for models, with the right key
	shared   shared.Link  // nil: there are no other routers

	isLeaving atomic.Bool // the readiness probe says so
}

// New makes a Router, and logs the settings' warnings. Faults: master-key-missing,
// master-key-weak, settings-invalid.
func New(s *settings.Settings, opts Options) (*Router, error) {
	if err := s.CheckMasterKey(); err != nil {
		return nil, err
	}
	setDefaults(&opts)
	peers, err := transport.FindOwnPeers(s.Deployments, opts.Supervised, opts.OwnKeys)
	if err != nil {
		return nil, err
	}
	r := &Router{settings: s, access: access.New(s.MasterKey, opts.Keys, slices.Concat(opts.Hosts, s.AllowedHosts)...),
		catalog: catalog.New(s), recorder: opts.Recorder, keys: opts.Keys, metrics: opts.Metrics}
	for _, d := range s.Deployments {
		r.deployments = append(r.deployments, deployment.New(d))
	}
	r.memory.SetLimit(opts.MaxHeld)
	r.reader = request.Reader{MaxBody: opts.MaxBody, BodyTimeout: opts.BodyTimeout,
		AllowMocks: s.AllowMocks, MeasuresPrompts: s.MeasuresPrompts(),
		Watchdog: &r.watchdog}
	r.replies = reply.Options{Watchdog: &r.watchdog, WriteTimeout: reply.DefaultWriteTimeout, Now: opts.Now}
	r.sender = upstream.Sender{Settings: s, Transport: transport.New(peers, s.Getenv), Watchdog: &r.watchdog,
		Now:     opts.Now,
		MaxBody: opts.MaxBody, Strict: opts.StrictParity, Quota: &r.quota}
	r.policy = route.Policy{Settings: s, Groups: route.NewGroups(s, r.deployments), Logger: opts.Logger,
		Now: opts.Now, Rand: opts.Rand, Sleep: opts.Sleep, After: time.After,
		Cooldown: &cooldown.Policy{Rule: cooldown.EffectiveRule(s, opts.StrictParity), Strict: opts.StrictParity,
			Now: opts.Now, Logger: opts.Logger}}
	if opts.Metrics != nil {
		r.policy.Cooldown.Began = opts.Metrics.CountCooldown
	}
	r.policy.Prepare(r.deployments)
	r.openShared(&opts)
	for _, w := range s.Warnings {
		opts.Logger.Warn(w.Message, "code", w.Code, "path", w.Path, "line", w.Line)
	}
	opts.Logger.Info("router configured", "groups", len(s.Groups), "deployments", len(s.Deployments))
	return r, nil
}

// setDefaults fills in the options that are not set.
func setDefaults(opts *Options) {
	opts.Logger = lo.CoalesceOrEmpty(opts.Logger, slog.New(slog.DiscardHandler))
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Rand == nil {
		opts.Rand = rand.Float64
	}
	if opts.Sleep == nil {
		opts.Sleep = route.SleepOnTimer
	}
	opts.BodyTimeout = lo.CoalesceOrEmpty(opts.BodyTimeout, request.DefaultBodyTimeout)
	opts.MaxBody = lo.CoalesceOrEmpty(opts.MaxBody, defaultMaxBody)
	opts.MaxHeld = max(lo.CoalesceOrEmpty(opts.MaxHeld, defaultMaxHeld), opts.MaxBody+1)
}

// Close closes idle connections to upstreams, and the connection with other routers. Requests in flight
// continue. The error is always nil.
func (r *Router) Close() error {
	if r.shared != nil {
		r.shared.Close()
	}
	r.sender.Transport.Close()
	r.memory.Close()
	return nil
}
