package router

import "time"

// After a cooldown, one request is a trial: it decides whether the others may
// follow. This is the half-open state of a circuit breaker.
const (
	trialInterval = 15 * time.Minute // between trials within a rate-limit window
	trialPatience = 10 * time.Second // how long others wait for a trial, and a trial without a result keeps them out
)

// trial is a request that tries a deployment after its cooldown.
type trial struct {
	begun  time.Time
	done   chan struct{} // closed when the result is known
	passed bool          // its stream began
}

// access is what a request may do with a deployment now.
type access int

const (
	accessOpen  access = iota // ask it
	accessTrial               // ask it, as the trial
	accessBusy                // wait for the trial in progress
	accessNone                // leave it alone: it cools down
)

// accessTo reports what a request may do with d now, and how long d still cools down.
func (d *Deployment) accessTo(now time.Time) (access, time.Duration) {
	s := &d.state
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.access(now), max(0, s.until.Sub(now))
}

// access is accessTo for a caller that holds the mutex.
func (s *cooldown) access(now time.Time) access {
	switch {
	case s.until.IsZero():
		return accessOpen
	case s.trial != nil && now.Sub(s.trial.begun) < trialPatience:
		return accessBusy
	case now.Before(s.nextTry):
		return accessNone
	}
	return accessTrial
}

// admit lets a request ask d: at once, or as the trial, which it returns then.
// ok is false when another request became the trial meanwhile.
func (r *Router) admit(d *Deployment) (t *trial, ok bool) {
	now := r.opts.Now()
	s := &d.state
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.access(now) {
	case accessOpen:
		return nil, true
	case accessTrial:
		s.trial = &trial{begun: now, done: make(chan struct{})}
		if now.Before(s.until) {
			r.opts.Logger.Info("cooldown is tried", "deployment", d.ID, "group", d.Group)
		} else {
			r.opts.Logger.Info("cooldown ended", "deployment", d.ID, "group", d.Group)
		}
		return s.trial, true
	}
	return nil, false
}

// end tells those that wait that t has its result. The caller holds the mutex.
func (s *cooldown) end(t *trial) {
	if t == nil {
		return
	}
	if s.trial == t {
		s.trial = nil
	}
	select {
	case <-t.done:
	default:
		close(t.done)
	}
}

// release ends a trial that has no result, because the client left. The next
// request is a trial again.
func (s *cooldown) release(t *trial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(t)
}

// waitForTrial waits until a trial of one of g's deployments has its result.
// It returns false when there is none, another group can answer at once, the
// client left, or it takes too long; the first call starts limit.
func (c *call) waitForTrial(g *group, limit *<-chan time.Time) bool {
	t := c.trialInProgress(g)
	if t == nil || c.dialect == countTokens || len(c.targets(g.name, &failure{})) > 0 {
		return false
	}
	if *limit == nil {
		*limit = c.r.after(trialPatience)
	}
	select {
	case <-t.done:
		return true
	case <-*limit:
	case <-c.req.Context().Done():
	}
	return false
}

func (c *call) trialInProgress(g *group) *trial {
	now := c.r.opts.Now()
	for _, d := range g.deployments {
		if !d.Kind.speaks(c.dialect) {
			continue
		}
		d.state.mu.Lock()
		t, a := d.state.trial, d.state.access(now)
		d.state.mu.Unlock()
		if a == accessBusy {
			return t
		}
	}
	return nil
}
