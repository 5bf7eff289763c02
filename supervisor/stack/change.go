package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/checks/smoke"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// change is one that can be taken back: what is written down, what is done,
// and which services have to run anew for it.
type change struct {
	root     string
	before   *config.Config // what services run from now; for taking back
	after    *config.Config
	journal  journal
	paths    []string // files that steps replace
	links    []string // runtimes whose active version steps change
	steps    []step
	restart  []string // services whose inputs the steps change
	verified bool     // set by make
}

// TakenBack is the detail of a fault that ended a change: what went wrong with
// the new state, and how the old one came back.
type TakenBack struct {
	Problem string `json:"problem"`
	Failure any    `json:"failure,omitempty"` // detail of the problem
	// RestoredProblem is empty when everything is as it was and, if it ran, runs.
	RestoredProblem string `json:"restored_problem,omitempty"`
	RestoredFailure any    `json:"restored_failure,omitempty"`
}

// make does the change: writes the journal, takes the steps, restarts what runs,
// sends the probes. When something fails it takes all of it back, and the fault
// code has both stories. restarted are the services that run anew.
func (c *change) make(ctx context.Context, o Options, code string) (restarted []string, err error) {
	status, err := supervisor.Query(ctx, c.after)
	if err != nil {
		return nil, err
	}
	c.journal.StartedAt, c.journal.Restart = time.Now().UTC(), toRestart(status, c.restart)
	o.at("journal")
	j, err := begin(c.root, c.before, c.journal, c.paths, c.links)
	if err != nil {
		return nil, err
	}
	o.at("begun")
	if err = c.forward(ctx, o, j.Restart); err == nil {
		o.at("verified")
		if err = j.end(c.root); err == nil {
			o.at("ended")
			return j.Restart, nil
		}
	}
	return nil, c.back(ctx, o, j, code, err)
}

func (c *change) forward(ctx context.Context, o Options, restart []string) error {
	for _, s := range c.steps {
		if err := s.do(); err != nil {
			return err
		}
		o.at(s.name)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if len(restart) == 0 {
		return nil
	}
	so := o.Start
	so.Services = restart
	if _, err := supervisor.Restart(ctx, c.after, so); err != nil {
		return err
	}
	o.at("restarted")
	return o.verify(ctx, c)
}

// verify sends smoke's requests through the router that runs.
func (o Options) verify(ctx context.Context, c *change) error {
	if o.SkipProbes {
		return nil
	}
	checked, err := smoke.Run(ctx, smoke.Options{Config: c.after, Self: o.self(), Environ: o.environ(), Getenv: o.getenv})
	if err != nil {
		return err
	}
	for _, r := range checked.Checks {
		if r.Status == report.Fail {
			why := ""
			if reasoned, ok := r.Detail.(report.Reasoned); ok {
				why = ": " + reasoned.Reason()
			}
			return fault.New("probe-failed", "%s failed%s", r.ID, why).WithDetail(checked.Checks)
		}
	}
	c.verified = true
	return nil
}

// back takes the change back. Services that it restarted run from what was
// before again, also after Ctrl-C.
func (c *change) back(ctx context.Context, o Options, j *journal, code string, cause error) error {
	detail := TakenBack{Problem: cause.Error(), Failure: fault.From(cause).Detail}
	ending := "everything is as it was"
	err := j.undo(c.root, c.before, o.at)
	if err == nil && len(j.Restart) > 0 && fault.From(cause).Code != "start-interrupted" {
		so := o.Start
		so.Services = j.Restart
		_, err = supervisor.Restart(context.WithoutCancel(ctx), c.before, so)
		ending = "everything is as it was and the services are ready"
	}
	if err != nil {
		detail.RestoredProblem, detail.RestoredFailure = err.Error(), fault.From(err).Detail
		ending = "and taking it back: " + err.Error()
	}
	if ctx.Err() != nil && errors.Is(cause, context.Cause(ctx)) && err == nil {
		return context.Cause(ctx)
	}
	f := fault.New(code, "%s: %w; %s", j.Kind, cause, ending)
	return f.WithHint("mage logs shows what the services said; mage generation:list what can be gone back to").WithDetail(detail)
}

// toRestart are those of the services that do not stand still.
func toRestart(status control.Status, services []string) []string {
	list := []string{}
	for _, s := range status.Services {
		if status.Supervisor != nil && s.State != control.StateStopped && slices.Contains(services, s.Name) {
			list = append(list, s.Name)
		}
	}
	return list
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
