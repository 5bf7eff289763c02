package router

import (
	"net/http"
	"sync"
	"time"

	"github.com/samber/lo"
)

// cooldown is what the router remembers of a deployment's failures. It is kept
// in memory only, as in LiteLLM.
type cooldown struct {
	mu       sync.Mutex
	window   time.Time // when counting began
	requests int
	failures int

	since    time.Time // when the cooldown began
	until    time.Time // when it ends; zero: there is none
	windowed bool      // until is the end of a rate-limit window: trials are allowed before it
	nextTry  time.Time // from when a request may be the trial
	trial    *trial    // the trial in progress; nil when there is none
	why      coolingReason
}

// coolingReason is the failure that a cooldown followed.
type coolingReason struct {
	status int
	class  string
	cause  cause
}

// LiteLLM's rule when allowed_fails is not set (measured): a deployment that
// has siblings cools when, within a minute, more than half of at least five requests failed.
const (
	defaultWindow  = time.Minute
	defaultMinimum = 5
)

// effective is the rule that holds: what LiteLLM ignores counts, unless parity is asked for.
func (r cooldownRule) effective(dead cooldownRule, strict bool) cooldownRule {
	if strict {
		if r.allowedFails != nil && *r.allowedFails == defaultAllowedFails {
			r.allowedFails = nil
		}
		return r
	}
	r.allowedFails = lo.CoalesceOrEmpty(r.allowedFails, dead.allowedFails)
	r.length = lo.CoalesceOrEmpty(r.length, dead.length)
	return r
}

// succeeded counts a good answer of d. A trial that succeeded ends the cooldown.
func (r *Router) succeeded(d *Deployment, t *trial) {
	now := r.opts.Now()
	s := &d.state
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resetWindow(now, r.window())
	if t != nil {
		r.pass(d, now)
		s.end(t)
	}
	s.requests++
}

// passed ends the cooldown of d when a trial's stream has begun; it counts when it has ended.
func (r *Router) passed(d *Deployment, t *trial) {
	d.state.mu.Lock()
	defer d.state.mu.Unlock()
	t.passed = true
	r.pass(d, r.opts.Now())
	d.state.end(t)
}

// failed counts one failure of d and begins a cooldown if the rule says so. A
// trial that fails begins the next one whatever the rule says, unless another
// request had an answer since.
func (r *Router) failed(g *group, d *Deployment, f *failure, t *trial) {
	s := &d.state
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.end(t)
	now := r.opts.Now()
	if f.harmless || r.cooling.disabled || !counts(f.status) {
		if t != nil && !f.harmless {
			r.pass(d, now) // it answers
		}
		return
	}
	s.resetWindow(now, r.window())
	s.requests++
	s.failures++
	if !r.exceeded(g, f, s) && (t == nil || t.passed && s.failures < s.requests) {
		return
	}
	if length := r.cooldownLength(d, f); length > 0 {
		s.requests, s.failures = 0, 0
		r.cool(d, f, now, length)
	}
}

// cool begins a cooldown of d, or moves the end of the one that lasts: of two
// ends the later one counts. The caller holds the mutex.
func (r *Router) cool(d *Deployment, f *failure, now time.Time, length time.Duration) {
	s := &d.state
	until := now.Add(length)
	if !now.Before(s.until) { // also when there is none
		s.since, s.until = now, time.Time{}
	}
	if until.After(s.until) {
		s.until, s.windowed = until, f.window && length == f.retryAfter
		s.why = coolingReason{f.status, f.class, f.cause}
		r.opts.Logger.Warn("cooldown began", "deployment", d.ID, "group", d.Group, "status", f.status, "class", f.class,
			"cause", string(f.cause), "seconds", length.Seconds())
	}
	s.nextTry = s.until
	if every := now.Add(trialInterval); s.windowed && every.Before(s.until) {
		s.nextTry = every
	}
}

// pass ends the cooldown of d after a good trial. The caller holds the mutex.
func (r *Router) pass(d *Deployment, now time.Time) {
	s := &d.state
	if now.Before(s.until) {
		r.opts.Logger.Info("cooldown ended early", "deployment", d.ID, "group", d.Group)
	}
	s.until, s.requests, s.failures = time.Time{}, 0, 0
}

// resetWindow begins a new count when the old one is older than window. The caller holds the mutex.
func (s *cooldown) resetWindow(now time.Time, window time.Duration) {
	if now.Sub(s.window) >= window {
		s.window, s.requests, s.failures = now, 0, 0
	}
}

// window is how long failures count: with allowed_fails, as long as a cooldown lasts.
func (r *Router) window() time.Duration {
	if r.cooling.allowedFails == nil {
		return defaultWindow
	}
	return lo.FromPtrOr(r.cooling.length, defaultCooldown)
}

// counts reports whether a status speaks against the deployment; 400, 403 and 422 never do.
func counts(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// exceeded applies the rule. A wait that is longer than the router waits for
// a retry is remembered at once: until then the upstream would only refuse.
// The caller holds the deployment's mutex.
func (r *Router) exceeded(g *group, f *failure, s *cooldown) bool {
	if f.retryAfter > maxRetryWait && !r.opts.StrictParity {
		return true
	}
	if n := r.cooling.allowedFails; n != nil {
		return s.failures > *n
	}
	if f.status == http.StatusUnauthorized || f.status == http.StatusNotFound {
		return true
	}
	if g.only {
		return false
	}
	return f.status == http.StatusTooManyRequests || s.requests >= defaultMinimum && 2*s.failures > s.requests
}

// cooldownLength is the deployment's own length, what the upstream asked for, or the configured one.
func (r *Router) cooldownLength(d *Deployment, f *failure) time.Duration {
	return positive(d.cooldown, f.retryAfter, lo.FromPtrOr(r.cooling.length, defaultCooldown))
}
