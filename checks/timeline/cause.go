package timeline

import (
	"fmt"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/program"
)

// explainState returns the most likely cause of a stack that is not healthy, and the
// command to type next. It names only what was observed.
func (t History) explainState(p healthRecord, unknown error) (cause, next string) {
	switch {
	case t.State == stateHealthy:
		return "", ""
	case t.State == stateUnknown:
		return fmt.Sprintf(
				"the supervisor did not answer: %v",
				unknown,
			), program.Fix(
				"mage doctor -only='supervisor.*,processes.*'",
			)
	case p.orphaned:
		return "the supervisor was killed, and its services run without a supervisor that restarts them", program.Fix(
			"mage start",
		)
	case p.failure != nil:
		return t.explainFailure(p)
	case p.stopRequest != nil && t.State == stateDown:
		return "it was stopped by a command at " + formatTime(p.stopRequest.Time()), program.Fix("mage start")
	case p.stopRequest != nil:
		return p.stopRequest.Service + " was stopped by a command at " + formatTime(
				p.stopRequest.Time(),
			), program.Fix(
				"mage start",
			)
	case p.endsReady && t.State == stateDown:
		return "the supervisor ended without a word after " + formatTime(
			*p.readyUntil,
		) + ": killed, or the machine was restarted", program.Fix("mage start")
	case p.endsReady:
		return "a service stopped answering, and no event says why", program.Fix("mage health")
	}
	return "no event says that it was ever well", program.Fix("mage start")
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
		return cause, program.Fix("mage doctor -only='ports.*'")
	}
	if m, ok := lastBefore(t.Changed, at); ok {
		return fmt.Sprintf("%s; the last change before it: %s %s at %s", cause, m.Subject, m.What, formatTime(m.At)), m.next
	}
	return cause, program.Fix("mage logs " + p.failure.Service)
}

// formatTime returns a time for people, in UTC.
func formatTime(at time.Time) string { return at.UTC().Format(time.RFC3339) }
