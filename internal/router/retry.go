package router

import (
	"context"
	"math"
	"time"

	"github.com/samber/lo"
)

// Sleep waits for d or until ctx ends, whose error it returns then.
type Sleep func(ctx context.Context, d time.Duration) error

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// maxRetryWait is the longest time that an upstream may ask for and still be
// asked again by the same request.
const maxRetryWait = time.Minute

// patience is the longest Retry-After that is waited for when a fallback could answer at once.
const patience = time.Second

// tiers tries g's deployments, those with the lowest order first. A step to the
// next order counts as a fallback, as in LiteLLM, and is taken even without retries.
func (c *call) tiers(g *group) (*answer, *failure) {
	var first *failure
	var limit <-chan time.Time
	for above := math.Inf(-1); ; {
		candidates := c.candidates(g, above)
		if len(candidates) == 0 {
			if first == nil && c.waitForTrial(g, &limit) {
				continue
			}
			return nil, lo.CoalesceOrEmpty(first, c.unavailable(g))
		}
		order := candidates[0].order
		a, f := c.tier(g, order)
		if a != nil {
			return a, nil
		}
		if f == nil {
			continue // another request became the trial meanwhile
		}
		above, c.fellBack = order, true
		if first == nil {
			first = f
		}
		if f.gone || c.dialect == countTokens {
			return nil, first
		}
	}
}

// tier tries the deployments of one order until one answers or the retries are
// used up. It returns neither an answer nor a failure when none may be asked any more.
func (c *call) tier(g *group, order float64) (*answer, *failure) {
	c.tried = c.tried[:0]
	var last *failure
	for n := 0; ; n++ {
		d := c.choose(g, order)
		if d == nil {
			return nil, last
		}
		if n == 0 {
			c.budget = c.retryBudget(d)
		}
		a, f := c.attempt(d)
		if a != nil {
			c.retries = n
			c.answered(g, a)
			return a, nil
		}
		last = f
		if c.dialect == countTokens {
			return nil, f // a local estimate answers instead
		}
		c.attemptFailed(g, d, f)
		c.tried = append(c.tried, d)
		fresh := c.fresh(g, order)
		again := (n < c.budget || f.routeMissing) && (f.retry || f.sibling && fresh)
		if !again || !fresh && !c.waitBeforeRetry(g, order, n, f) {
			return nil, f
		}
	}
}

// waitBeforeRetry sleeps for the backoff. It returns false without sleeping if
// no deployment may be asked, the upstream asks for a longer wait than
// maxRetryWait, or a fallback can answer before Retry-After.
func (c *call) waitBeforeRetry(g *group, order float64, n int, f *failure) bool {
	if f.retryAfter > maxRetryWait || len(c.ofOrder(g, order)) == 0 {
		return false
	}
	if f.retryAfter > patience && (len(c.targets(g.name, f)) > 0 || len(c.candidates(g, order)) > 0) {
		return false
	}
	return c.r.opts.Sleep(c.req.Context(), c.r.backoff(n, f.retryAfter)) == nil
}

// backoff is LiteLLM's: 0.5 s doubled up to 8 s, or what the upstream asked
// for, and up to 0.75 s more.
func (r *Router) backoff(n int, asked time.Duration) time.Duration {
	wait := min(time.Second/2<<min(n, 10), 8*time.Second)
	if asked > 0 {
		wait = asked
	}
	return wait + time.Duration(r.opts.Rand()*0.75*float64(time.Second))
}

// retryBudget is how often a group is asked again: the deployment's own number
// or the general one. A client may lower it, never raise it.
func (c *call) retryBudget(d *Deployment) int {
	budget := c.r.settings.numRetries
	if d.retries != nil {
		budget = *d.retries
	}
	if asked := c.control.retries; asked != nil {
		budget = min(budget, *asked)
	}
	return budget
}
