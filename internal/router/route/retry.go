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
	"github.com/flowgate-go/flowgate/internal/router/usage"
)

// maxWaitBeforeFallback is the longest Retry-After for which a request waits when a fallback
// could answer at once.
const maxWaitBeforeFallback = time.Second

// CountTokens asks the deployments of g, without fallbacks, to count tokens. When none of them can,
// the answer is nil and the failure says why.
func (w *Walk) CountTokens(g *Group) (*reply.Answer, *failure.Failure) { return w.tryOrders(g) }

// tryOrders tries the deployments of g, the lowest order first. As in LiteLLM, the next order
// counts as a fallback, and is tried even when no retries are allowed.
func (w *Walk) tryOrders(g *Group) (*reply.Answer, *failure.Failure) {
	var first *failure.Failure
	var timeout <-chan time.Time // of the wait for trials
	for above := math.Inf(-1); ; {
		candidates := w.available(g, above)
		if len(candidates) == 0 {
			if first == nil && w.waitForTrial(g, &timeout) {
				continue
			}
			return nil, lo.CoalesceOrEmpty(first, w.absenceFailure(g))
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

// tryOrder tries the deployments of one order until one answers or the retries are used up.
// Both results are nil when none could be asked.
func (w *Walk) tryOrder(g *Group, order float64) (*reply.Answer, *failure.Failure) {
	w.tried = w.tried[:0]
	var last *failure.Failure
	var hasPolicy bool // a retry policy decides about retries, whatever the failure
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
			if f.RouteMissing { // another deployment may count; this one is not chosen again
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
		mayRetry := (n < w.routing.RetryBudget || f.RouteMissing || f.ForeignState && hasUntried) &&
			(f.Retry || f.Sibling && hasUntried || hasPolicy && !f.ClientGone)
		if !mayRetry || !hasUntried && !w.waitBeforeRetry(g, order, n, f) {
			return nil, f
		}
	}
}

// attempt asks d once, and once more whenever a dialect turns out to be missing there and
// another one is left.
func (w *Walk) attempt(d *deployment.Deployment) (*reply.Answer, *failure.Failure) {
	if w.request.Control.MockFailure && len(w.visited) == 1 {
		return nil, failure.Classify(d, w.request.Dialect, http.StatusInternalServerError, "mock_testing_fallbacks")
	}
	for {
		w.beginAttempt(d)
		a, f := w.exchange.Attempt(d)
		if f == nil {
			w.readTokens(a)
			w.noteReply(a)
			w.measureAnswer(a)
			return a, nil
		}
		w.noteFailure(d, f)
		w.measureFailure(f)
		if f.ForeignState && w.belongs.hasState { // another deployment may have made the state
			f.Harmless, f.Sibling = true, true
		}
		w.noteMissingRoute(d, f)
		if !f.RouteMissing || w.isCounting() || !d.Serves(w.request.Dialect) {
			return nil, f
		}
	}
}

// beginAttempt prepares an attempt at d: its usage is counted, foreign state is left out of
// its request, and the events of its reply are watched.
func (w *Walk) beginAttempt(d *deployment.Deployment) {
	w.asked, w.tokens = d, usage.Tokens{}
	w.noteAttempt()
	w.beginMeasure(d)
	w.removeForeignState(d)
	if !w.readsTokens() && w.policy.States == nil {
		return
	}
	if w.onEvent == nil {
		w.onEvent = w.watchEvent
	}
	w.exchange.Watch(w.onEvent, w.belongs.isTracked)
}

// watchEvent reads the tokens and the state in the data of an event.
func (w *Walk) watchEvent(data []byte) {
	if w.readsTokens() {
		w.tokens.Read(data)
	}
	if w.belongs.isTracked {
		w.noteState(data, hasKeptIDs(data))
	}
}

// isCounting reports whether the request only counts tokens.
func (w *Walk) isCounting() bool { return w.request.Dialect.IsCounting() }

// waitBeforeRetry sleeps for the backoff before retry n. It returns false without sleeping if
// no deployment is available, the upstream asks for a longer wait than
// cooldown.MaxRetryWait, or a fallback can answer before Retry-After. It also returns false
// when the client disconnects meanwhile.
func (w *Walk) waitBeforeRetry(g *Group, order float64, n int, f *failure.Failure) bool {
	if f.RetryAfter > cooldown.MaxRetryWait || len(w.availableOfOrder(g, order)) == 0 {
		return false
	}
	if f.RetryAfter > maxWaitBeforeFallback && (len(w.fallbacks(g.Name, f)) > 0 || len(w.available(g, order)) > 0) {
		return false
	}
	return w.policy.Sleep(w.request.HTTP.Context(), w.policy.backoff(n, f.RetryAfter)) == nil
}

// backoff returns LiteLLM's wait before retry n, which counts from 0: 0.5 s, doubled for each
// retry up to 8 s, or asked, the wait that the upstream asked for; and up to 0.75 s more.
func (p *Policy) backoff(n int, asked time.Duration) time.Duration {
	wait := min(time.Second/2<<min(n, 10), 8*time.Second)
	if asked > 0 {
		wait = asked
	}
	return wait + time.Duration(p.Rand()*0.75*float64(time.Second))
}

// policyBudget returns how many retries the retry policy allows after f. ok is false when the
// policy does not apply. As in LiteLLM, the first failure decides about later ones, too.
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

// retryBudget returns how many retries are allowed: the deployment's own number, else the
// general one. A client may lower it, but not raise it.
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
