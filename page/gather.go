package page

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// How old what is shown may be, and how long a source may take.
const (
	stackAge    = time.Second
	usageAge    = 3 * time.Second
	findingsAge = time.Minute
	patience    = 10 * time.Second

	// paintAge is how old what a page begins with may be: it is live, and gets what is newer at once.
	paintAge = 10 * time.Second
)

// cached is what a source said last.
type cached[T any] struct {
	value T
	err   error
	at    time.Time // zero: never asked
}

// isOlder reports whether the source has to be asked again.
func (c *cached[T]) isOlder(now time.Time, age time.Duration) bool {
	return c.at.IsZero() || now.Sub(c.at) >= age || now.Before(c.at)
}

// ask asks the source again when what it said is older than age. The caller holds asking, so
// that pages that are shown at the same time share one answer; what is known can be shown meanwhile.
func ask[T any](s *Server, c *cached[T], age time.Duration, source func(context.Context) (T, error)) {
	s.mu.Lock()
	isOld := c.isOlder(s.sources.Now(), age)
	s.mu.Unlock()
	if source == nil || !isOld {
		return
	}
	ctx, cancel := context.WithTimeout(s.life, patience)
	defer cancel()
	value, err := source(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	*c = cached[T]{value, err, s.sources.Now()}
}

// snapshot is all that the page shows at one moment.
type snapshot struct {
	now       time.Time
	stack     cached[Stack]
	events    cached[[]control.Event]
	usage     cached[Usage]
	findings  cached[[]report.Result]
	examining bool
	changing  bool
	changed   <-chan struct{} // closed when something is to be shown at once
}

// gather asks the sources whose answers are too old, and returns what is to be shown.
func (s *Server) gather() snapshot {
	s.asking.Lock()
	defer s.asking.Unlock()
	ask(s, &s.stack, stackAge, s.sources.Stack)
	ask(s, &s.events, stackAge, s.sources.Events)
	ask(s, &s.usage, usageAge, s.sources.Usage)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.findings.isOlder(s.sources.Now(), findingsAge) {
		s.examine()
	}
	return s.known()
}

// gatherForPaint returns what a page begins with: what is known, unless that is too old. What only
// some of the sources have said is nothing to begin with: an event that nobody has asked for yet
// would be one that did not happen.
func (s *Server) gatherForPaint() snapshot {
	s.mu.Lock()
	known, now := s.known(), s.sources.Now()
	isOld := s.sources.Stack != nil && s.stack.isOlder(now, paintAge) ||
		s.sources.Events != nil && s.events.isOlder(now, paintAge) ||
		s.sources.Usage != nil && s.usage.isOlder(now, paintAge)
	s.mu.Unlock()
	if isOld {
		return s.gather()
	}
	return known
}

// known returns what the sources said last. The caller holds mu.
func (s *Server) known() snapshot {
	return snapshot{now: s.sources.Now(), stack: s.stack, events: s.events, usage: s.usage, findings: s.findings,
		examining: s.examining, changing: s.changing, changed: s.changed}
}

// examine runs doctor's checks in the background, unless they run. The caller holds mu.
func (s *Server) examine() {
	if s.examining || s.sources.Examine == nil || s.life.Err() != nil {
		return
	}
	s.examining = true
	s.tasks.Go(func() {
		results, err := s.sources.Examine(s.life)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.findings = cached[[]report.Result]{results, err, s.sources.Now()}
		s.examining = false
		s.announce()
	})
}
