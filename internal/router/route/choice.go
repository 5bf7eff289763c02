package route

import (
	"math"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/estimate"
	"github.com/flowgate-go/flowgate/internal/router/strategy"
)

// available returns the deployments of g that may be asked now: they serve the dialect, have
// room for the prompt, do not cool down and have not used up their limits. Of these it returns
// the ones with the lowest order above the given one, or only the one that keeps state of the
// request. A deployment whose key is not set is asked only in a group without any key, so
// that the client learns why. The result is valid until the next call.
func (w *Walk) available(g *Group, above float64) []*deployment.Deployment {
	now := w.policy.Now()
	w.candidates = w.candidates[:0]
	for _, d := range g.Deployments {
		if d.Order <= above || !w.fits(d) || d.MissingKey != "" && g.hasKey || !w.isOpen(d, now) ||
			w.isOverLimit(d, now) {
			continue
		}
		if w.isKeeper(d) {
			w.candidates = append(w.candidates[:0], d)
			break
		}
		if len(w.candidates) > 0 && d.Order > w.candidates[0].Order {
			break
		}
		w.candidates = append(w.candidates, d)
	}
	return w.candidates
}

// fits reports whether d serves the request's dialect and has room for its prompt.
func (w *Walk) fits(d *deployment.Deployment) bool {
	return d.Serves(w.request.Dialect) && !w.isTooLong(d)
}

// isTooLong reports whether the prompt, by an estimate, has more tokens than d accepts.
func (w *Walk) isTooLong(d *deployment.Deployment) bool {
	return d.MaxInputTokens > 0 && !w.isCounting() && estimate.Tokens(w.request.PromptWeight()) > d.MaxInputTokens
}

// isOpen reports whether d may be asked now as far as cooldowns are concerned. A request that
// only counts tokens is never a trial: an upstream that cannot count may still answer.
func (w *Walk) isOpen(d *deployment.Deployment, now time.Time) bool {
	access, _ := d.Cooldown.Access(now)
	return access == cooldown.Open || access == cooldown.OpenOnce && !w.isCounting()
}

// isOverLimit reports whether d has used up its requests or tokens of this minute.
func (w *Walk) isOverLimit(d *deployment.Deployment, now time.Time) bool {
	if w.isCounting() {
		return false
	}
	tokens := 0
	if d.MaxTPM != nil && w.strategy.CountsTokens() { // only then they count
		tokens = w.promptTokens()
	}
	return w.strategy.IsOverLimit(d, now, tokens)
}

// choose picks one of the available deployments of an order, if possible one that was not
// tried yet, and begins a trial if one is due. It returns nil when none may be asked.
func (w *Walk) choose(g *Group, order float64) *deployment.Deployment {
	list := w.availableOfOrder(g, order)
	if len(w.tried) > 0 && slices.ContainsFunc(list, w.isUntried) {
		list = slices.DeleteFunc(list, func(d *deployment.Deployment) bool { return !w.isUntried(d) })
	}
	list = w.preferOwners(list)
	for {
		d := w.strategy.Pick(list, strategy.Request{Now: w.policy.Now(), Stream: w.request.Stream})
		if d == nil {
			return nil
		}
		trial, ok := w.policy.Cooldown.Admit(&d.Cooldown)
		if ok {
			w.trial = trial
			w.pinSession(d)
			return d
		}
		list = slices.DeleteFunc(list, func(other *deployment.Deployment) bool { return other == d })
	}
}

// availableOfOrder returns the available deployments of an order, as available does.
func (w *Walk) availableOfOrder(g *Group, order float64) []*deployment.Deployment {
	list := w.available(g, math.Nextafter(order, math.Inf(-1)))
	return slices.DeleteFunc(list, func(d *deployment.Deployment) bool { return d.Order != order })
}

// isUntried reports whether d was not tried yet in this order.
func (w *Walk) isUntried(d *deployment.Deployment) bool { return !slices.Contains(w.tried, d) }

// hasUntried reports whether a deployment of an order is available and was not tried yet.
func (w *Walk) hasUntried(g *Group, order float64) bool {
	return slices.ContainsFunc(w.availableOfOrder(g, order), w.isUntried)
}
