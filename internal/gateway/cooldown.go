package gateway

import (
	"net/http"
	"sync"
	"time"

	"github.com/samber/lo"
)

// cooldown is what the router remembers of a deployment. In memory only, as in LiteLLM.
type cooldown struct {
	mu       sync.Mutex
	until    time.Time
	cooling  bool      // its end has not been logged yet
	window   time.Time // when counting began
	requests int
	failures int
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

// resting says how long d is still to be left alone.
func (r *Router) resting(d *Deployment, now time.Time) time.Duration {
	s := &d.state
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.cooling {
		return 0
	}
	left := s.until.Sub(now)
	if left <= 0 {
		s.cooling = false
		r.opts.Logger.Info("cooldown ended", "deployment", d.ID, "group", d.Group)
		return 0
	}
	return left
}

// succeeded counts a good answer of d.
func (r *Router) succeeded(d *Deployment) {
	d.state.mu.Lock()
	defer d.state.mu.Unlock()
	d.state.roll(r.opts.Now(), r.window())
	d.state.requests++
}

// failed counts a failure of d and begins a cooldown if the rule says so.
func (r *Router) failed(g *group, d *Deployment, f *failure) {
	if f.gone {
		return
	}
	r.opts.Logger.Warn("attempt failed", "deployment", d.ID, "group", g.name, "status", f.status, "class", f.class)
	if f.harmless || r.cooling.disabled || !counts(f.status) {
		return
	}
	now := r.opts.Now()
	s := &d.state
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roll(now, r.window())
	s.requests++
	s.failures++
	if !r.exceeded(g, f.status, s) {
		return
	}
	length := r.rest(d, f)
	if length <= 0 {
		return
	}
	s.cooling, s.until, s.requests, s.failures = true, now.Add(length), 0, 0
	r.opts.Logger.Warn("cooldown began", "deployment", d.ID, "group", d.Group, "status", f.status, "seconds", length.Seconds())
}

// roll begins a new count when the old one is older than window. The caller holds mu.
func (s *cooldown) roll(now time.Time, window time.Duration) {
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

// counts says whether a status speaks against the deployment; 400, 403 and 422 never do.
func counts(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// exceeded applies the rule. The caller holds the deployment's mutex.
func (r *Router) exceeded(g *group, status int, s *cooldown) bool {
	if n := r.cooling.allowedFails; n != nil {
		return s.failures > *n
	}
	if status == http.StatusUnauthorized || status == http.StatusNotFound {
		return true
	}
	if g.only {
		return false
	}
	return status == http.StatusTooManyRequests || s.requests >= defaultMinimum && 2*s.failures > s.requests
}

// rest is a cooldown's length: the deployment's own, what the upstream asked for, or the configured one.
func (r *Router) rest(d *Deployment, f *failure) time.Duration {
	return positive(d.cooldown, f.retryAfter, lo.FromPtrOr(r.cooling.length, defaultCooldown))
}
