package cooldown

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// MaxRetryWait is the longest Retry-After that a request waits before it asks an upstream
// again. A longer one begins a cooldown at once.
const MaxRetryWait = time.Minute

// LiteLLM's rule when allowed_fails is not set (measured): a deployment that has
// siblings cools down when, within a minute, more than half of at least five
// requests failed.
const (
	defaultWindow  = time.Minute
	defaultMinimum = 5
)

// Policy is the rule by which deployments cool down.
type Policy struct {
	Rule   settings.CooldownRule
	Strict bool // behave like LiteLLM even where the router improves on it
	Now    func() time.Time
	Logger *slog.Logger

	// Began is called when a cooldown begins, with the deployment's id and the status of the failure. It
	// must not block. nil: nobody is told.
	Began func(deployment string, status int)

	// Announce is called with each change that other routers shall know. It must not block, and must not
	// call a method of the Policy or of the State. nil: there are no other routers.
	Announce func(*State, Event)
}

// EffectiveRule returns the rule that is in force. With strict, settings that LiteLLM
// ignores are ignored.
func EffectiveRule(s *settings.Settings, strict bool) settings.CooldownRule {
	rule := s.Cooldown
	if strict {
		if rule.AllowedFails != nil && *rule.AllowedFails == settings.DefaultAllowedFails {
			rule.AllowedFails = nil
		}
		return rule
	}
	rule.AllowedFails = lo.CoalesceOrEmpty(rule.AllowedFails, s.MisplacedCooldown.AllowedFails)
	rule.Length = lo.CoalesceOrEmpty(rule.Length, s.MisplacedCooldown.Length)
	return rule
}

// CountSuccess counts a good reply. When it is the reply of the trial t, the cooldown
// ends; t is nil for other requests.
func (p *Policy) CountSuccess(s *State, t *Trial) {
	now := p.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resetWindow(now, p.window())
	if t != nil {
		p.endCooldown(s, now)
		p.announce(s, Event{Kind: Ended})
		s.endTrial(t)
	}
	s.requests++
}

// PassTrial ends the cooldown because the stream of the trial t has begun. The stream is
// counted when it ends.
func (p *Policy) PassTrial(s *State, t *Trial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.passed = true
	p.endCooldown(s, p.Now())
	p.announce(s, Event{Kind: Ended})
	s.endTrial(t)
}

// CountFailure counts a failure and begins a cooldown if the rule says so. isOnly
// says that the group has no other deployment. When t, the trial, fails, the next cooldown
// begins whatever the rule says, unless its stream had begun and another request has had
// a good reply since.
func (p *Policy) CountFailure(s *State, f Failure, isOnly bool, t *Trial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.endTrial(t)
	now := p.Now()
	if f.Harmless || p.Rule.Disabled || !isCounted(f.Status) {
		switch {
		case t == nil:
		case f.Harmless:
			p.announce(s, Event{Kind: TrialEnded})
		default:
			p.endCooldown(s, now) // the deployment answers
			p.announce(s, Event{Kind: Ended})
		}
		return
	}
	s.resetWindow(now, p.window())
	s.requests++
	s.failures++
	if !p.isExceeded(s, f, isOnly) && (t == nil || t.passed && s.failures < s.requests) {
		return
	}
	if length := p.length(s, f); length > 0 {
		s.requests, s.failures = 0, 0
		p.beginCooldown(s, f, now, length)
	} else if t != nil {
		p.announce(s, Event{Kind: TrialEnded})
	}
}

// beginCooldown begins a cooldown, or extends the one in progress: the later end counts. The
// caller holds mu.
func (p *Policy) beginCooldown(s *State, f Failure, now time.Time, length time.Duration) {
	until := now.Add(length)
	if !now.Before(s.until) { // no cooldown is in progress
		s.since, s.until = now, time.Time{}
		if p.Began != nil {
			p.Began(s.Deployment.ID, f.Status)
		}
	}
	if until.After(s.until) {
		s.until, s.hasRateLimit = until, f.FromRateLimit && length == f.RetryAfter
		s.why = f
		p.Logger.Warn("cooldown began", "deployment", s.Deployment.ID, "group", s.Deployment.Group, "status", f.Status,
			"class", f.Class, "cause", string(f.Cause), "seconds", length.Seconds())
	}
	s.nextTrial = s.until
	if next := now.Add(trialInterval); s.hasRateLimit && next.Before(s.until) {
		s.nextTrial = next
	}
	p.announceBegin(s, now)
}

// endCooldown ends the cooldown after a good trial, and resets the counts. The caller holds mu.
func (p *Policy) endCooldown(s *State, now time.Time) {
	if now.Before(s.until) {
		p.Logger.Info("cooldown ended early", "deployment", s.Deployment.ID, "group", s.Deployment.Group)
	}
	s.until, s.announced, s.requests, s.failures = time.Time{}, time.Time{}, 0, 0
}

// resetWindow begins a new count when the old one is older than window. The caller holds mu.
func (s *State) resetWindow(now time.Time, window time.Duration) {
	if now.Sub(s.window) >= window {
		s.window, s.requests, s.failures = now, 0, 0
	}
}

// window returns how long failures count: a minute, or with allowed_fails, as long as a
// cooldown lasts.
func (p *Policy) window() time.Duration {
	if p.Rule.AllowedFails == nil {
		return defaultWindow
	}
	return lo.FromPtrOr(p.Rule.Length, settings.DefaultCooldown)
}

// isCounted reports whether a failure with that status counts against the deployment: 401,
// 404, 408, 429 and all from 500 do; others, such as 400, 403 and 422, do not.
func isCounted(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// isExceeded reports whether, by the rule, the counts begin a cooldown. A wait longer than
// MaxRetryWait begins one at once, because the upstream would refuse all requests until
// it is over. The caller holds mu.
func (p *Policy) isExceeded(s *State, f Failure, isOnly bool) bool {
	if f.RetryAfter > MaxRetryWait && !p.Strict {
		return true
	}
	if n := p.Rule.AllowedFails; n != nil {
		return s.failures > *n
	}
	if f.Status == http.StatusUnauthorized || f.Status == http.StatusNotFound {
		return true
	}
	if isOnly {
		return false
	}
	return f.Status == http.StatusTooManyRequests || s.requests >= defaultMinimum && 2*s.failures > s.requests
}

// length returns the length of a cooldown: the first that is not 0 of the deployment's own
// setting, the wait that the upstream asked for, and the configured length.
func (p *Policy) length(s *State, f Failure) time.Duration {
	configured := lo.FromPtrOr(p.Rule.Length, settings.DefaultCooldown)
	for _, d := range [...]time.Duration{s.Deployment.CooldownTime, f.RetryAfter, configured} {
		if d > 0 {
			return d
		}
	}
	return 0
}
