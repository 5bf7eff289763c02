package cooldown

import "time"

// EventKind says what happened to a cooldown.
type EventKind int

// The kinds of events.
const (
	Began      EventKind = iota + 1 // a cooldown began, or lasts longer than was said before
	Ended                           // it ended before its time: the trial was good
	TrialBegan                      // a request is the trial
	TrialEnded                      // the trial ended without a result
)

// Event is a change that other routers with the same deployments shall know.
type Event struct {
	Kind    EventKind
	Left    time.Duration // of the cooldown that began
	Failure Failure       // that it followed
}

const (
	// minExtension is by how much a cooldown must grow before it is announced, or taken from another
	// router, again. Less is what requests that fail at the same time add.
	minExtension = 50 * time.Millisecond

	// When a cooldown ends, the router that began it has the first trial. The others wait for a time
	// between these two, each for another one, so that an upstream that recovers is not asked by all
	// routers at once.
	minPatience = 100 * time.Millisecond
	maxPatience = 500 * time.Millisecond
)

// announce tells other routers of a change. The caller holds mu.
func (p *Policy) announce(s *State, e Event) {
	if p.Announce != nil {
		p.Announce(s, e)
	}
}

// announceBegin announces a cooldown that lasts until s.until, unless that was said before. The caller
// holds mu.
func (p *Policy) announceBegin(s *State, now time.Time) {
	if p.Announce == nil || s.until.Sub(s.announced) < minExtension {
		return
	}
	s.announced = s.until
	p.Announce(s, Event{Kind: Began, Left: s.until.Sub(now), Failure: s.why})
}

// Honour applies a change that another router announced. share is a random number from 0 up to 1. isOnly
// says that no other deployment could answer in the place of this one.
func (p *Policy) Honour(s *State, e Event, share float64, isOnly bool) {
	if p.Rule.Disabled {
		return
	}
	now := p.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.Kind {
	case Began:
		patience := minPatience + time.Duration(share*float64(maxPatience-minPatience))
		if isOnly {
			patience = 0
		}
		p.honourBegin(s, e, now, patience)
		s.endForeignTrial()
	case Ended:
		p.endCooldown(s, now)
		s.endForeignTrial()
	case TrialEnded:
		s.endForeignTrial()
	case TrialBegan:
		if access := s.access(now); access == OpenOnce || access == Closed {
			s.trial = &Trial{begun: now, done: make(chan struct{}), isForeign: true}
		}
	}
}

// honourBegin begins the cooldown of another router here, unless one that ends at the same time or later
// is in progress. patience is how much later the first trial may be. The caller holds mu.
func (p *Policy) honourBegin(s *State, e Event, now time.Time, patience time.Duration) {
	until := now.Add(e.Left)
	if e.Left <= 0 || until.Sub(s.until) < minExtension {
		return
	}
	if !now.Before(s.until) {
		s.since, s.requests, s.failures = now, 0, 0
	}
	s.until, s.announced, s.why, s.hasRateLimit = until, until, e.Failure, e.Failure.FromRateLimit
	s.nextTrial = until.Add(patience)
	if next := now.Add(trialInterval + patience); s.hasRateLimit && next.Before(until) {
		s.nextTrial = next
	}
	p.Logger.Warn("another router's cooldown is honoured", "deployment", s.Deployment.ID, "group", s.Deployment.Group,
		"status", e.Failure.Status, "class", e.Failure.Class, "seconds", e.Left.Seconds())
}

// endForeignTrial ends the trial of another router, if one is in progress. The caller holds mu.
func (s *State) endForeignTrial() {
	if s.trial != nil && s.trial.isForeign {
		s.endTrial(s.trial)
	}
}
