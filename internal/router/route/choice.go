package route

import (
	"math"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/estimate"
)

// available returns g's deployments that may be asked now: they serve the dialect, do
// not cool down, and have the lowest order above the given one. A deployment whose
// key is not set is asked only in a group that has no other, so that the client
// learns why. The result is valid until the next call.
func (w *Walk) available(g *Group, above float64) []*deployment.Deployment {
	now := w.policy.Now()
	w.candidates = w.candidates[:0]
	for _, d := range g.Deployments {
		if d.Order <= above || !w.fits(d) || d.MissingKey != "" && g.hasKey || !w.isOpen(d, now) {
			continue
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

// isTooLong reports whether the prompt, by an estimate, has more tokens than d takes.
func (w *Walk) isTooLong(d *deployment.Deployment) bool {
	return d.MaxInputTokens > 0 && !w.isCounting() && estimate.Tokens(w.request.PromptBytes) > d.MaxInputTokens
}

// isOpen reports whether the cooldown lets d be asked now. Counting tokens is never a
// trial: an upstream that cannot count may still answer.
func (w *Walk) isOpen(d *deployment.Deployment, now time.Time) bool {
	access, _ := d.Cooldown.Access(now)
	return access == cooldown.Open || access == cooldown.OpenOnce && !w.isCounting()
}

// choose picks one of the available deployments of an order, those that were not
// tried first, and begins a trial if one is due. It returns nil when none may be asked.
func (w *Walk) choose(g *Group, order float64) *deployment.Deployment {
	list := w.ofOrder(g, order)
	if len(w.tried) > 0 && slices.ContainsFunc(list, w.isUntried) {
		list = slices.DeleteFunc(list, func(d *deployment.Deployment) bool { return !w.isUntried(d) })
	}
	for {
		d := pickWeighted(list, w.policy.Rand)
		if d == nil {
			return nil
		}
		trial, ok := w.policy.Cooldown.Admit(&d.Cooldown)
		if ok {
			w.trial = trial
			return d
		}
		list = slices.DeleteFunc(list, func(other *deployment.Deployment) bool { return other == d })
	}
}

// ofOrder returns the available deployments of an order.
func (w *Walk) ofOrder(g *Group, order float64) []*deployment.Deployment {
	list := w.available(g, math.Nextafter(order, math.Inf(-1)))
	return slices.DeleteFunc(list, func(d *deployment.Deployment) bool { return d.Order != order })
}

// isUntried reports whether d was not tried in this group.
func (w *Walk) isUntried(d *deployment.Deployment) bool { return !slices.Contains(w.tried, d) }

// hasUntried reports whether a deployment of an order is available that was not tried.
func (w *Walk) hasUntried(g *Group, order float64) bool {
	return slices.ContainsFunc(w.ofOrder(g, order), w.isUntried)
}

// pickWeighted picks a deployment by LiteLLM's simple-shuffle: by weight if any has
// one, else by rpm, else by tpm, where an absent number counts 0; with equal chances
// if none has any. random returns numbers from 0 up to 1. It returns nil for an empty list.
func pickWeighted(list []*deployment.Deployment, random func() float64) *deployment.Deployment {
	if len(list) <= 1 {
		if len(list) == 0 {
			return nil
		}
		return list[0]
	}
	for _, weightOf := range []func(*deployment.Deployment) *float64{
		func(d *deployment.Deployment) *float64 { return d.Weight },
		func(d *deployment.Deployment) *float64 { return d.RPM },
		func(d *deployment.Deployment) *float64 { return d.TPM },
	} {
		total := 0.0
		for _, d := range list {
			if weight := weightOf(d); weight != nil {
				total += *weight
			}
		}
		if total == 0 {
			continue
		}
		at := random() * total
		for _, d := range list {
			if weight := weightOf(d); weight != nil && *weight > 0 {
				if at -= *weight; at < 0 {
					return d
				}
			}
		}
	}
	return list[min(int(random()*float64(len(list))), len(list)-1)]
}
