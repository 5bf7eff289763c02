package doctor

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/supervisor"
)

// observed is what the supervisor said, and when.
type observed struct {
	ObservedAt time.Time        `json:"observed_at"`
	Supervisor *supervisor.Info `json:"supervisor"` // nil: none runs
	checks.Note
}

func (s *subject) supervisorAnswers() checks.Check {
	return checks.Check{
		ID: "supervisor.answers", Title: "The supervisor answers, if one runs", Needs: []string{"config.valid"}, Timeout: patience,
		About: "Asks the resident supervisor over its control socket in the runtime folder. None running is well: then the stack is down. One that is there and does not answer hangs; its own log is supervisor.log in the runtime folder. Services go on without it.",
		Run: func(context.Context) checks.Outcome {
			status, err := s.status()
			if err != nil {
				return checks.FromFault(err)
			}
			seen := observed{ObservedAt: s.o.Now().UTC(), Supervisor: status.Supervisor}
			if seen.Supervisor == nil {
				seen.Text = "none runs: the stack is down"
			}
			return checks.Passed(seen)
		},
	}
}
