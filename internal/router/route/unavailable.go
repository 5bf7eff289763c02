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

// absence is why no deployment of a group may be asked.
type absence struct {
	isCooling, isLimited bool                   // one cools down, or has used up its limits
	left                 time.Duration          // until the first cooldown or limit ends
	unfit                *deployment.Deployment // one that does not serve the dialect
	small                *deployment.Deployment // one that has no room for the prompt
}

// absenceFailure returns the failure when no deployment of g may be asked.
func (w *Walk) absenceFailure(g *Group) *failure.Failure {
	if w.request.HTTP.Context().Err() != nil {
		return &failure.Failure{ClientGone: true}
	}
	why := w.findAbsence(g)
	switch {
	case why.isCooling:
	case why.isLimited:
		return limitFailure(g, why.left)
	case why.unfit != nil:
		f := failure.BadRequest("", "litellm.BadRequestError: "+why.unfit.ExceptionName()+" - "+
			why.unfit.MissingRouteMessage(w.request.Dialect))
		f.Class, f.Deployment = "BadRequestError", why.unfit
		return f
	case why.small != nil:
		return w.contextFailure(why.small)
	}
	seconds := max(1, failure.CeilSeconds(why.left))
	return &failure.Failure{Status: http.StatusTooManyRequests, Class: classCooldown,
		Kind: "all_deployments_in_cooldown", Harmless: true,
		RetryAfter: max(why.left, time.Second),
		Text: fmt.Sprintf("No deployments available for selected model, Try again in %d seconds. All deployments "+
			"for selected model are in cooldown. Passed model=%s. pre-call-checks=False",
			seconds, g.Name)}
}

// findAbsence returns why no deployment of g may be asked.
func (w *Walk) findAbsence(g *Group) absence {
	var why absence
	now := w.policy.Now()
	for _, d := range g.Deployments {
		switch {
		case !d.Serves(w.request.Dialect):
			why.unfit = d
			continue
		case w.isTooLong(d):
			why.small = d
			continue
		}
		access, rest := d.Cooldown.Access(now)
		why.isCooling = why.isCooling || access != cooldown.Open
		if w.isOverLimit(d, now) {
			why.isLimited = true
			rest = max(rest, now.Truncate(time.Minute).Add(time.Minute).Sub(now))
		}
		if rest > 0 && (why.left == 0 || rest < why.left) {
			why.left = rest
		}
	}
	return why
}

// limitFailure returns LiteLLM's failure when all deployments of a group have used up their
// requests or tokens of this minute. left is the rest of the minute.
func limitFailure(g *Group, left time.Duration) *failure.Failure {
	return &failure.Failure{Status: http.StatusTooManyRequests, Class: "RateLimitError", Kind: "throttling_error",
		Harmless: true, RetryAfter: max(left, time.Second),
		Text: fmt.Sprintf("litellm.RateLimitError: No deployments available for selected model. Passed model=%s. All "+
			"deployments have used up their rpm or tpm of this minute; the next one begins in %d seconds",
			g.Name, max(1, failure.CeilSeconds(left)))}
}

// contextFailure returns LiteLLM's failure when the prompt is too long for all deployments. d
// is one of them.
func (w *Walk) contextFailure(d *deployment.Deployment) *failure.Failure {
	f := failure.BadRequest("", fmt.Sprintf("litellm.ContextWindowExceededError: litellm._pre_call_checks: Context "+
		"Window exceeded for given call. No models have context window large enough for this call. Model=%s, "+
		"Max Input Tokens=%d, Got=%d (an estimate)", d.Group, d.MaxInputTokens, estimate.Tokens(w.request.PromptWeight())))
	f.Class, f.TooLong, f.Deployment = "ContextWindowExceededError", true, d
	return f
}

// waitForTrial waits until a trial of one of g's deployments has its result. It returns false
// when there is no trial, a fallback can answer at once, the client disconnects, or the
// wait takes too long. The first call that waits starts timeout.
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

// runningTrial returns a trial in progress at a deployment of g that could answer; nil when
// there is none.
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
