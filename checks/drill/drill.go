// Package drill breaks a stack on purpose, to show that what is promised holds:
// each drill brings up a private stack on the embedded runtimes, does one thing
// to it that happens in real life, and passes when doctor names the right cause,
// the stack recovers, and a process outside the stack was not
// touched. Call Run; List says which drills there are.
//
// Nothing outside of a private folder is changed, and nothing is left.
//
// The package is larger than others (about 1,000 lines): the drills and the soak
// share the private stack, and each drill is a function with its own steps.
package drill

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// Options are what Run needs.
type Options struct {
	Name    string // of one drill; empty: all
	Self    string // path that executes this program
	Environ []string
	Getenv  func(string) string
	Emit    func(report.Result)
}

// Drill is one fault and what is promised of it.
type Drill struct {
	Name  string `json:"name"`
	Title string `json:"title"` // what holds when it passes
	About string `json:"about"` // what is done to the stack
	run   func(ctx context.Context, s *stack) error
	// before, if not nil, is done before the stack starts.
	before func(s *stack) error
}

// Drills is the data of drill:list.
type Drills struct {
	Drills []Drill `json:"drills"`
}

// drillTimeout is what one drill may take: several starts and a hung probe.
const drillTimeout = 2 * time.Minute

// Run runs one drill or all of them. Fault: drill-unknown.
func Run(ctx context.Context, o Options) (report.Checked, error) {
	drills := List()
	if o.Name != "" {
		drills = lo.Filter(drills, func(d Drill, _ int) bool { return d.Name == o.Name })
	}
	if len(drills) == 0 {
		names := lo.Map(List(), func(d Drill, _ int) string { return d.Name })
		return report.Checked{}, fault.Usage("drill-unknown", "there is no drill %q", o.Name).
			WithHint("%s", cmp.Or(suggest.Hint(o.Name, names), "there are "+strings.Join(names, ", ")))
	}
	list := lo.Map(drills, func(d Drill, _ int) checks.Check { return d.check(o) })
	// Two at a time: more would only slow one another down.
	return report.Checked{Checks: checks.Run(ctx, list, checks.Options{Parallel: 2, Emit: o.Emit})}, nil
}

// stepsDetail is the detail of a drill: what was done and seen, step by step.
type stepsDetail struct {
	checks.Note
	Steps []string `json:"steps"`
}

// check returns the check that holds the drill in a stack of its own.
func (d Drill) check(o Options) checks.Check {
	return checks.Check{
		ID: "drill." + d.Name, Title: d.Title, Family: "drill", Timeout: drillTimeout,
		Run: func(ctx context.Context) checks.Outcome {
			s, err := newStack(o)
			if err != nil {
				return checks.FromFault(err)
			}
			err = d.runInStack(ctx, s)
			seen := stepsDetail{Steps: s.steps}
			var skip skipError
			switch {
			case asSkipped(err, &skip):
				return checks.Skipped("%s", skip.why)
			case err != nil:
				seen.Text = err.Error()
				return checks.Failed("").WithDetail(seen)
			}
			return checks.Passed(seen)
		},
	}
}

// runInStack starts the stack, runs the drill in it and tears it down.
func (d Drill) runInStack(ctx context.Context, s *stack) (err error) {
	defer func() {
		if end := s.tearDown(); err == nil {
			err = end
		}
	}()
	if d.before != nil {
		if err := d.before(s); err != nil {
			return err
		}
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	if err := d.run(ctx, s); err != nil {
		return err
	}
	return s.expectBystander()
}
