package checks

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/samber/lo"
	"github.com/sourcegraph/conc/panics"

	"github.com/flowgate-go/flowgate/internal/report"
)

// Options say how Run examines.
type Options struct {
	Parallel int                 // checks at the same time; 0 means 16
	Emit     func(report.Result) // called with each result as it is known, one at a time; may be nil
	Now      func() time.Time    // nil means time.Now
	Mend     bool                // fix what a check complains about and can fix, and examine it again
}

// scheduled is a check that Run runs, with its result.
type scheduled struct {
	Check
	result report.Result
	done   chan struct{} // closed once result is set
}

// Run examines all checks, independent ones at the same time, and returns their
// results in the order of the list. A check whose need failed or was skipped is
// skipped with the reason; one that panics has failed; one that outlives its
// timeout has failed too, and is left behind if it ignores its context; when ctx
// ends, the checks that still run are skipped. Run panics when a check needs one
// that is not listed before it, or when two checks have one ID.
func Run(ctx context.Context, list []Check, o Options) []report.Result {
	if o.Parallel == 0 {
		o.Parallel = 16
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	all := lo.Map(list, func(c Check, _ int) *scheduled { return &scheduled{Check: c, done: make(chan struct{})} })
	byID := indexByID(all)
	slots := make(chan struct{}, o.Parallel)
	finished := make(chan *scheduled, len(all))
	var wg sync.WaitGroup
	for _, p := range all {
		wg.Go(func() {
			p.result = p.examine(ctx, byID, slots, o)
			close(p.done)
			finished <- p
		})
	}
	for range all {
		if p := <-finished; o.Emit != nil {
			o.Emit(p.result)
		}
	}
	wg.Wait()
	return lo.Map(all, func(p *scheduled, _ int) report.Result { return p.result })
}

// indexByID returns the checks by their IDs. It panics for a list that Run refuses.
func indexByID(all []*scheduled) map[string]*scheduled {
	byID := make(map[string]*scheduled, len(all))
	for _, p := range all {
		for _, id := range slices.Concat(p.Needs, p.After) {
			if byID[id] == nil {
				panic(fmt.Sprintf("check %s needs %s, which is not listed before it", p.ID, id))
			}
		}
		if byID[p.ID] != nil {
			panic("two checks are named " + p.ID)
		}
		byID[p.ID] = p
	}
	return byID
}

// examine waits for the checks that p needs or comes after, then runs p in one of the
// slots and returns its result.
func (p *scheduled) examine(
	ctx context.Context,
	byID map[string]*scheduled,
	slots chan struct{},
	o Options,
) report.Result {
	for _, id := range p.After {
		<-byID[id].done
	}
	for _, id := range p.Needs {
		<-byID[id].done
		switch byID[id].result.Status {
		case report.Fail:
			return p.toResult(Skipped("%s did not pass", id), 0)
		case report.Skip:
			return p.toResult(Skipped("%s was skipped", id), 0)
		}
	}
	slots <- struct{}{}
	defer func() { <-slots }()
	start := o.Now()
	outcome := p.runWithTimeout(ctx, p.Run)
	if complains := outcome.Status == report.Warn || outcome.Status == report.Fail; o.Mend && complains && p.Mend != nil {
		outcome = p.runWithTimeout(ctx, p.mendAndRerun(outcome))
	}
	return p.toResult(outcome, o.Now().Sub(start))
}

// toResult returns an outcome as the result of the check.
func (p *scheduled) toResult(o Outcome, took time.Duration) report.Result {
	return report.Result{
		ID: p.ID, Family: p.Family, Title: p.Title, Status: o.Status, Detail: o.Detail,
		Fix: o.Fix, Mended: o.Mended, DurationMS: report.Millis(took),
	}
}

// mendAndRerun returns a func that calls Mend, then Run, and returns the outcome of Run
// with what Mend did. When Mend fails the complaint stays, with the reason.
func (p *scheduled) mendAndRerun(complaint Outcome) func(context.Context) Outcome {
	return func(ctx context.Context) Outcome {
		done, err := p.Mend(ctx)
		if err != nil {
			o := FromFault(fmt.Errorf("%s; fixing it failed: %w", complaint.reasonText(), err))
			o.Status, o.Fix, o.Mended = complaint.Status, complaint.Fix, done
			return o
		}
		o := p.Run(ctx)
		o.Mended = done
		return o
	}
}

// lateGrace is how long a check may take to return once its context has ended.
const lateGrace = 50 * time.Millisecond

// runWithTimeout calls run and returns its outcome, or a failure when the check's timeout
// is over.
func (p *scheduled) runWithTimeout(parent context.Context, run func(context.Context) Outcome) Outcome {
	timeout := p.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(parent, timeout)
	defer cancel()
	result := make(chan Outcome, 1) // buffered: a late check must not block
	go func() {
		var o Outcome
		if r := panics.Try(func() { o = run(ctx) }); r != nil {
			o = Failed("the check itself panicked: %v", r.Value)
		}
		result <- o
	}()
	select {
	case o := <-result:
		return o
	case <-ctx.Done():
	}
	select {
	case o := <-result:
		return o
	case <-time.After(lateGrace):
	}
	if parent.Err() != nil {
		return Skipped("interrupted")
	}
	return Failed("no result within %s", timeout)
}
