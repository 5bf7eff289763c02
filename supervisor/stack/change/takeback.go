package change

import (
	"context"
	"errors"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/stack/journal"
)

// TakenBack is the detail of a fault that ended a change: what went wrong with
// the new state, and how the old one came back.
type TakenBack struct {
	Problem string `json:"problem"`
	Failure any    `json:"failure,omitempty"` // detail of the problem
	// RestoredProblem is empty when everything is as it was and, if it ran, runs.
	RestoredProblem string `json:"restored_problem,omitempty"`
	RestoredFailure any    `json:"restored_failure,omitempty"`
}

// takeBack undoes the change, and restarts the services that it restarted, also after
// Ctrl-C.
func (c *Change) takeBack(ctx context.Context, o Options, j *journal.Entry, code string, cause error) error {
	detail := TakenBack{Problem: cause.Error(), Failure: fault.From(cause).Detail}
	ending := "everything is as it was"
	err := j.Undo(c.Root, c.Before, o.ReportStep)
	if err == nil && len(j.Restart) > 0 && fault.From(cause).Code != "start-interrupted" {
		startOptions := o.Start
		startOptions.Services = j.Restart
		_, err = supervisor.Restart(context.WithoutCancel(ctx), c.Before, startOptions)
		ending = "everything is as it was and the services are ready"
	}
	if err != nil {
		detail.RestoredProblem, detail.RestoredFailure = err.Error(), fault.From(err).Detail
		ending = "taking it back failed: " + err.Error()
	}
	if ctx.Err() != nil && errors.Is(cause, context.Cause(ctx)) && err == nil {
		return context.Cause(ctx)
	}
	f := fault.New(code, "%s: %w; %s", j.Kind, cause, ending)
	return f.WithHint("mage logs shows what the services said; mage generation:list shows what can be restored").
		WithDetail(detail)
}
