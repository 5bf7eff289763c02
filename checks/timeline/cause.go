package timeline

import (
	"fmt"
	"strings"
	"time"
)

// explainState returns the most likely cause of a stack that is not healthy, and the
// command to type next. It names only what was observed.
func (t History) explainState(p healthRecord, unknown error) (cause, next string) {
	switch {
	case t.State == stateHealthy:
		return "", ""
	case t.State == stateUnknown:
		return fmt.Sprintf("the supervisor did not answer: %v", unknown), "mage doctor -only='supervisor.*,processes.*'"
	case p.orphaned:
		return "the supervisor was killed, and its services run without a supervisor that restarts them", "mage start"
	case p.failure != nil:
		return t.explainFailure(p)
	case p.stopRequest != nil && t.State == stateDown:
		return "it was stopped by a command at " + formatTime(p.stopRequest.Time()), "mage start"
	case p.stopRequest != nil:
		return p.stopRequest.Service + " was stopped by a command at " + formatTime(p.stopRequest.Time()), "mage start"
	case p.endsReady && t.State == stateDown:
		return "the supervisor ended without a word after " + formatTime(
			*p.readyUntil,
		) + ": killed, or the machine was restarted", "mage start"
	case p.endsReady:
		return "a service stopped answering, and no event says why", "mage health"
	}
	return "no event says that it was ever well", "mage start"
}

// explainFailure returns the cause for a service that failed: its last change before the
// failure, unless the reason of the failure already names the cause.
func (t History) explainFailure(p healthRecord) (cause, next string) {
	at := p.failure.Time()
	cause = fmt.Sprintf(
		"%s: %s at %s",
		p.failure.Service,
		strings.TrimSuffix(p.failure.Event+": "+p.failure.Detail, ": "),
		formatTime(at),
	)
	if code, _, ok := strings.Cut(p.failure.Detail, ": "); ok && strings.HasPrefix(code, "port-") {
		return cause, "mage doctor -only='ports.*'"
	}
	if m, ok := lastBefore(t.Changed, at); ok {
		return fmt.Sprintf("%s; the last change before it: %s %s at %s", cause, m.Subject, m.What, formatTime(m.At)), m.next
	}
	return cause, "mage logs " + p.failure.Service
}

func formatTime(at time.Time) string { return at.UTC().Format(time.RFC3339) }
