// Package change changes what a stack runs from so that the change can be taken back:
// Make writes a journal, takes the steps, restarts what runs and sends requests; after
// a failure it restores everything. Rollback restores a generation, Recover completes
// or undoes what a killed command left. It has more than 700 lines since a rollback is
// one change with its plan.
package change

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/checks/smoke"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/stack/journal"
)

// Change is a change that can be taken back: its steps, and what must be known to undo
// them.
type Change struct {
	Root     string
	Before   *config.Config // what services run from before the change
	After    *config.Config
	Journal  journal.Entry
	Paths    []string // files that steps replace
	Links    []string // runtimes whose active version steps change
	Steps    []Step
	Restart  []string // services whose inputs the steps change; those that run are restarted
	Verified bool     // set by Make
}

// Make makes the change: it writes the journal, takes the steps, restarts the services
// that run and sends requests through them. When something fails, it takes the whole
// change back; the fault named code says what failed and how the old state came back.
func (c *Change) Make(ctx context.Context, o Options, code string) (restarted []string, err error) {
	status, err := supervisor.Query(ctx, c.After)
	if err != nil {
		return nil, err
	}
	c.Journal.StartedAt, c.Journal.Restart = time.Now().UTC(), selectRunning(status, c.Restart)
	o.ReportStep("journal")
	j, err := journal.Begin(c.Root, c.Before, c.Journal, c.Paths, c.Links)
	if err != nil {
		return nil, err
	}
	o.ReportStep("begun")
	if err = c.apply(ctx, o, j.Restart); err == nil {
		o.ReportStep("verified")
		if err = j.End(c.Root); err == nil {
			o.ReportStep("ended")
			return j.Restart, nil
		}
	}
	return nil, c.takeBack(ctx, o, j, code, err)
}

// apply takes the steps, restarts the services and sends the requests.
func (c *Change) apply(ctx context.Context, o Options, restart []string) error {
	for _, s := range c.Steps {
		if err := s.Do(); err != nil {
			return err
		}
		o.ReportStep(s.Name)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if len(restart) == 0 {
		return nil
	}
	startOptions := o.Start
	startOptions.Services = restart
	if _, err := supervisor.Restart(ctx, c.After, startOptions); err != nil {
		return err
	}
	o.ReportStep("restarted")
	return o.verify(ctx, c)
}

// verify sends the requests of package smoke through the running router, and sets
// Verified. Fault: probe-failed.
func (o Options) verify(ctx context.Context, c *Change) error {
	if o.SkipProbes {
		return nil
	}
	checked, err := smoke.Run(ctx, smoke.Options{Config: c.After, Self: o.Self(), Environ: o.Environ(), Getenv: o.Getenv})
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
	c.Verified = true
	return nil
}

// selectRunning returns those of the services that a supervisor has and that are not
// stopped.
func selectRunning(status control.Status, services []string) []string {
	list := []string{}
	for _, s := range status.Services {
		if status.Supervisor != nil && s.State != control.StateStopped && slices.Contains(services, s.Name) {
			list = append(list, s.Name)
		}
	}
	return list
}

// pluralize returns a number with its noun: "1 service", "2 services".
func pluralize(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Step is one part of a change.
type Step struct {
	Name string
	Do   func() error
}
