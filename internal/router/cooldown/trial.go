package cooldown

import "time"

// After a cooldown, one request is the trial: its result decides whether others may
// follow.
const (
	// TrialTimeout is how long other requests wait for a trial, and how long a trial
	// without a result keeps them out.
	TrialTimeout = 10 * time.Second

	trialInterval = 15 * time.Minute // between trials within a rate-limit window
)

// Trial is a request that tries a deployment after its cooldown.
type Trial struct {
	begun  time.Time
	done   chan struct{} // closed when the result is known
	passed bool          // its stream began
}

// Done returns a channel that is closed when the result is known.
func (t *Trial) Done() <-chan struct{} { return t.done }

// Access is what a request may do with a deployment now.
type Access int

// The kinds of access.
const (
	Open     Access = iota // send the request
	OpenOnce               // send the request as the trial
	Busy                   // wait for the trial in progress
	Closed                 // send nothing: the deployment cools down
)

// Access returns what a request may do with the deployment now, and how long the
// cooldown still lasts.
func (s *State) Access(now time.Time) (Access, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.access(now), max(0, s.until.Sub(now))
}

// access returns what a request may do with the deployment now. The caller holds mu.
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

// RunningTrial returns the trial in progress that keeps other requests out; nil when there is none.
func (s *State) RunningTrial(now time.Time) *Trial {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.access(now) == Busy {
		return s.trial
	}
	return nil
}

// Admit reports whether a request may be sent to a deployment. trial is not nil
// when the request is the trial. ok is false when another request became the trial
// meanwhile, or the deployment cools down.
func (p *Policy) Admit(s *State) (trial *Trial, ok bool) {
	now := p.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.access(now) {
	case Open:
		return nil, true
	case OpenOnce:
		s.trial = &Trial{begun: now, done: make(chan struct{})}
		message := "cooldown ended"
		if now.Before(s.until) {
			message = "cooldown is tried"
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

// CancelTrial ends a trial without a result, because its client left; nil is no
// trial. The next request is a trial again.
func (s *State) CancelTrial(t *Trial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endTrial(t)
}
