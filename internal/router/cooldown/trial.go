package cooldown

import "time"

// After a cooldown, one request is the trial: its result decides whether the deployment
// gets further requests.
const (
	// TrialTimeout is how long other requests wait for the result of a trial, and after
	// how long another request may become the trial when there is no result.
	TrialTimeout = 10 * time.Second

	trialInterval = 15 * time.Minute // between trials within a rate-limit window
)

// Trial is the one request that a deployment gets after its cooldown.
type Trial struct {
	begun  time.Time
	done   chan struct{} // closed when the result is known
	passed bool          // its stream has begun

	isForeign bool // another router's request is the trial
}

// Done returns a channel that is closed when the result is known.
func (t *Trial) Done() <-chan struct{} { return t.done }

// Access says whether a request may be sent to a deployment now.
type Access int

// The kinds of access.
const (
	Open     Access = iota // send the request
	OpenOnce               // send the request as the trial
	Busy                   // wait for the trial in progress
	Closed                 // send nothing: the deployment cools down
)

// Access returns whether a request may be sent to the deployment now, and how long the
// cooldown still lasts.
func (s *State) Access(now time.Time) (Access, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.access(now), max(0, s.until.Sub(now))
}

// access returns whether a request may be sent to the deployment now. The caller holds mu.
func (s *State) access(now time.Time) Access {
	switch {
	case s.until.IsZero():
		return Open
	case s.trial != nil && now.Sub(s.trial.begun) < TrialTimeout:
		return Busy
	case now.Before(s.nextTrial):
		return Closed
	}
	return OpenOnce
}

// RunningTrial returns the trial in progress, during which the deployment gets no other
// request; nil when there is none.
func (s *State) RunningTrial(now time.Time) *Trial {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.access(now) == Busy {
		return s.trial
	}
	return nil
}

// Admit lets a request through to a deployment. trial is not nil when the request is the
// trial. ok is false when the deployment cools down, or another request is its trial.
func (p *Policy) Admit(s *State) (trial *Trial, ok bool) {
	now := p.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.access(now) {
	case Open:
		return nil, true
	case OpenOnce:
		s.trial = &Trial{begun: now, done: make(chan struct{})}
		p.announce(s, Event{Kind: TrialBegan})
		message := "cooldown ended"
		if now.Before(s.until) {
			message = "trial began before the end of the cooldown"
		}
		p.Logger.Info(message, "deployment", s.Deployment.ID, "group", s.Deployment.Group)
		return s.trial, true
	}
	return nil, false
}

// endTrial wakes the requests that wait for t. The caller holds mu.
func (s *State) endTrial(t *Trial) {
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

// CancelTrial ends a trial without a result, because its client disconnected. The next
// request becomes the trial. t may be nil.
func (p *Policy) CancelTrial(s *State, t *Trial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t != nil {
		p.announce(s, Event{Kind: TrialEnded})
	}
	s.endTrial(t)
}
