package instance

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/probe"
)

// silence measures for how long a service has answered no probe.
type silence struct {
	limit      time.Duration
	minProbes  int       // a single unanswered probe proves nothing when this process was suspended meanwhile
	unanswered int       // probes in a row
	since      time.Time // when the first of them was sent
}

// isExceeded counts the finding of a probe that was sent at asked, and reports
// whether the silence has reached its limit.
func (s *silence) isExceeded(f probe.Finding, asked time.Time) bool {
	if f.HasAnswer() {
		s.unanswered = 0
		return false
	}
	if s.unanswered++; s.unanswered == 1 {
		s.since = asked
	}
	return s.unanswered >= s.minProbes && time.Since(s.since) >= s.limit
}
