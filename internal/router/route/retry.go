package route

import (
	"math"
	"net/http"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
)

// maxWaitBeforeFallback is the longest Retry-After that is waited for when a fallback
// could answer at once.
const maxWaitBeforeFallback = time.Second

// Count asks the deployments of g, without fallbacks, to count tokens. It returns no
// answer when none of them can.
func (w *Walk) Count(g *Group) (*reply.Answer, *failure.Failure) { return w.tryOrders(g) }

// tryOrders tries g's deployments, those with the lowest order first. A step to the
// next order counts as a fallback, as in LiteLLM, and is taken even without retries.
func (w *Walk) tryOrders(g *Group) (*reply.Answer, *failure.Failure) {
	var first *failure.Failure
	var timeout <-chan time.Time // of waiting for trials
	for above := math.Inf(-1); ; {
		candidates := w.available(g, above)
		if len(candidates) == 0 {
			if first == nil && w.waitForTrial(g, &timeout) {
				continue
			}
			return nil, lo.CoalesceOrEmpty(first, w.unavailable(g))
		}
		order := candidates[0].Order
		a, f := w.tryOrder(g, order)
		if a != nil {
			return a, nil
		}
		if f == nil {
			continue // another request became the trial meanwhile
		}
		above, w.routing.FellBack = order, true
		if first == nil {
			first = f
		}
		if f.ClientGone || w.isCounting() {
			return nil, first
		}
	}
}

// tryOrder tries the deployments of one order until one answers or the retries are
// used up. It returns neither an answer nor a failure when none is available any more.
func (w *Walk) tryOrder(g *Group, order float64) (*reply.Answer, *failure.Failure) {
	w.tried = w.tried[:0]
	var last *failure.Failure
	var hasPolicy bool // it decides about retries, whatever the failure
	for n := 0; ; n++ {
		d := w.choose(g, order)
		if d == nil {
			return nil, last
		}
		if n == 0 {
			w.routing.RetryBudget = w.retryBudget(d)
		}
		a, f := w.attempt(d)
		if a != nil {
			w.routing.Retries = n
			w.countAnswer(g, a)
			w.learnState(a)
			w.notePrompt(d)
			return a, nil
		}
		last = f
		if w.isCounting() {
			if f.RouteMissing { // another one may count: this one is not chosen again
				continue
			}
			return nil, f // a local estimate answers instead
		}
		w.countFailure(g, d, f)
		w.tried = append(w.tried, d)
		if budget, ok := w.policyBudget(g, f); ok && n == 0 {
			w.routing.RetryBudget, hasPolicy = budget, true
		}
		hasUntried := w.hasUntried(g, order)
		again := (n < w.routing.RetryBudget || f.RouteMissing || f.ForeignState && hasUntried) &&
			(f.Retry || f.Sibling && hasUntried || hasPolicy && !f.ClientGone)
		if !again || !hasUntried && !w.waitBeforeRetry(g, order, n, f) {
			return nil, f
		}
	}
}

// attempt asks d once, or once more for each dialect that turns out to be missing
// there while another one is left.
func (w *Walk) attempt(d *deployment.Deployment) (*reply.Answer, *failure.Failure) {
	if w.request.Control.MockFailure && len(w.visited) == 1 {
		return nil, failure.Classify(d, w.request.Dialect, http.StatusInternalServerError, "mock_testing_fallbacks")
	}
	for {
		w.beginAttempt(d)
		a, f := w.exchange.Attempt(d)
		if f == nil {
			w.measureAnswer(a)
			return a, nil
		}
		w.measureFailure(f)
		if f.ForeignState && w.belongs.hasState { // another deployment may have made it
			f.Harmless, f.Sibling = true, true
		}
		w.noteMissingRoute(d, f)
		if !f.RouteMissing || w.isCounting() || !d.Serves(w.request.Dialect) {
			return nil, f
		}
	}
}

// beginAttempt begins an attempt at d: what is counted of it, and what is looked at in its reply.
func (w *Walk) beginAttempt(d *deployment.Deployment) {
	w.asked = d
	w.beginMeasure(d)
	w.prepareState(d)
	if !w.policy.Strategy.CountsTokens() && w.policy.States == nil {
		return
	}
	if w.onEvent == nil {
		w.onEvent = w.watchEvent
	}
	w.exchange.Watch(w.onEvent)
}

// watchEvent reads the data of an event of a stream.
func (w *Walk) watchEvent(data []byte) {
	if w.measure.of != nil {
		w.measure.tokens.Read(data)
	}
	if w.belongs.isTracked {
		w.noteState(data, hasKeptIDs(data))
	}
}

// isCounting reports whether the request only counts tokens.
func (w *Walk) isCounting() bool { return w.request.Dialect.IsCounting() }

// waitBeforeRetry sleeps for the backoff. It returns false without sleeping if no
// deployment is available, the upstream asks for a longer wait than
// cooldown.MaxRetryWait, or a fallback can answer before Retry-After.
func (w *Walk) waitBeforeRetry(g *Group, order float64, n int, f *failure.Failure) bool {
	if f.RetryAfter > cooldown.MaxRetryWait || len(w.ofOrder(g, order)) == 0 {
		return false
	}
	if f.RetryAfter > maxWaitBeforeFallback && (len(w.fallbacks(g.Name, f)) > 0 || len(w.available(g, order)) > 0) {
		return false
	}
	return w.policy.Sleep(w.request.HTTP.Context(), w.policy.backoff(n, f.RetryAfter)) == nil
}

// backoff returns LiteLLM's wait before retry n: 0.5 s doubled up to 8 s, or what the
// upstream asked for, and up to 0.75 s more.
func (p *Policy) backoff(n int, asked time.Duration) time.Duration {
	wait := min(time.Second/2<<min(n, 10), 8*time.Second)
	if asked > 0 {
		wait = asked
	}
	return wait + time.Duration(p.Rand()*0.75*float64(time.Second))
}

// policyBudget returns how often a group is asked again after a first failure, where
// the retry policy says so. As in LiteLLM, its number holds for what fails afterwards too.
func (w *Walk) policyBudget(g *Group, f *failure.Failure) (budget int, ok bool) {
	asked := w.request.Control.Retries
	if f.Class == "" || f.Harmless || f.ClientGone || asked != nil && *asked == 0 {
		return 0, false
	}
	budget, ok = w.policy.Settings.RetryPolicyOf(g.Name).Retries(f.Class)
	if asked != nil {
		budget = min(budget, *asked)
	}
	return budget, ok
}

// retryBudget returns how often a group is asked again: the deployment's own number
// or the general one. A client may lower it, never raise it.
func (w *Walk) retryBudget(d *deployment.Deployment) int {
	budget := w.policy.Settings.Retries
	if d.Retries != nil {
		budget = *d.Retries
	}
	if asked := w.request.Control.Retries; asked != nil {
		budget = min(budget, *asked)
	}
	return budget
}
