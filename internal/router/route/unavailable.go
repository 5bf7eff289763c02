package route

import (
	"fmt"
	"net/http"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/estimate"
	"github.com/flowgate-go/flowgate/internal/router/failure"
)

// classCooldown is LiteLLM's exception class for a group whose deployments all cool down.
const classCooldown = "RouterRateLimitError"

// unavailable returns the failure when no deployment of g may be asked.
func (w *Walk) unavailable(g *Group) *failure.Failure {
	now := w.policy.Now()
	if w.request.HTTP.Context().Err() != nil {
		return &failure.Failure{ClientGone: true}
	}
	var left time.Duration // of the cooldown that ends first
	var isCooling bool
	var unfit, small *deployment.Deployment // do not serve the dialect, have no room for the prompt
	for _, d := range g.Deployments {
		if !d.Serves(w.request.Dialect) {
			unfit = d
			continue
		}
		if w.isTooLong(d) {
			small = d
			continue
		}
		access, rest := d.Cooldown.Access(now)
		isCooling = isCooling || access != cooldown.Open
		if rest > 0 && (left == 0 || rest < left) {
			left = rest
		}
	}
	if !isCooling && unfit != nil {
		f := failure.BadRequest("", "litellm.BadRequestError: "+unfit.ExceptionName()+" - "+
			unfit.MissingRouteMessage(w.request.Dialect))
		f.Class, f.Deployment = "BadRequestError", unfit
		return f
	}
	if !isCooling && small != nil {
		return w.noRoom(small)
	}
	seconds := max(1, failure.CeilSeconds(left))
	return &failure.Failure{Status: http.StatusTooManyRequests, Class: classCooldown,
		Kind: "all_deployments_in_cooldown", Harmless: true,
		RetryAfter: max(left, time.Second),
		Text: fmt.Sprintf("No deployments available for selected model, Try again in %d seconds. All deployments "+
			"for selected model are in cooldown. Passed model=%s. pre-call-checks=False",
			seconds, g.Name)}
}

// noRoom returns LiteLLM's failure when the prompt is too long for all deployments, d
// among them.
func (w *Walk) noRoom(d *deployment.Deployment) *failure.Failure {
	f := failure.BadRequest("", fmt.Sprintf("litellm.ContextWindowExceededError: litellm._pre_call_checks: Context "+
		"Window exceeded for given call. No models have context window large enough for this call. Model=%s, "+
		"Max Input Tokens=%d, Got=%d (an estimate)", d.Group, d.MaxInputTokens, estimate.Tokens(w.request.PromptBytes)))
	f.Class, f.TooLong, f.Deployment = "ContextWindowExceededError", true, d
	return f
}

// waitForTrial waits until a trial of one of g's deployments has its result. It
// returns false when there is none, another group can answer at once, the client
// left, or the wait takes too long. The first call starts timeout.
func (w *Walk) waitForTrial(g *Group, timeout *<-chan time.Time) bool {
	t := w.runningTrial(g)
	if t == nil || w.isCounting() || len(w.fallbacks(g.Name, &failure.Failure{})) > 0 {
		return false
	}
	if *timeout == nil {
		*timeout = w.policy.After(cooldown.TrialTimeout)
	}
	select {
	case <-t.Done():
		return true
	case <-*timeout:
	case <-w.request.HTTP.Context().Done():
	}
	return false
}

// runningTrial returns a trial that keeps the request out of g; nil when there is none.
func (w *Walk) runningTrial(g *Group) *cooldown.Trial {
	now := w.policy.Now()
	for _, d := range g.Deployments {
		if !w.fits(d) {
			continue
		}
		if t := d.Cooldown.RunningTrial(now); t != nil {
			return t
		}
	}
	return nil
}
