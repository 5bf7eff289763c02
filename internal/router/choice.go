package router

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"
)

// candidates are g's deployments that may be asked now: they speak the
// dialect, do not rest, and have the lowest order above the one given. A
// deployment whose key is not set is asked only in a group that has no other,
// so that the client learns why.
func (c *call) candidates(g *group, above float64) []*Deployment {
	now := c.r.opts.Now()
	c.pool = c.pool[:0]
	for _, d := range g.deployments {
		if d.order <= above || !d.serves(c.dialect) || d.missing != "" && g.keyed || !c.mayAsk(d, now) {
			continue
		}
		if len(c.pool) > 0 && d.order > c.pool[0].order {
			break
		}
		c.pool = append(c.pool, d)
	}
	return c.pool
}

// mayAsk reports whether d may be asked now. Counting tokens is never a trial:
// an upstream that cannot count may still answer.
func (c *call) mayAsk(d *Deployment, now time.Time) bool {
	a, _ := d.accessTo(now)
	return a == accessOpen || a == accessTrial && c.dialect != countTokens
}

// choose picks one of the deployments of an order, untried ones first, and
// takes the trial if it needs one; nil when none may be asked.
func (c *call) choose(g *group, order float64) *Deployment {
	list := c.ofOrder(g, order)
	if len(c.tried) > 0 && slices.ContainsFunc(list, c.untried) {
		list = slices.DeleteFunc(list, func(d *Deployment) bool { return !c.untried(d) })
	}
	for {
		d := shuffle(list, c.r.opts.Rand)
		if d == nil {
			return nil
		}
		t, ok := c.r.admit(d)
		if ok {
			c.trial = t
			return d
		}
		list = slices.DeleteFunc(list, func(other *Deployment) bool { return other == d })
	}
}

// ofOrder returns the deployments of an order that may be asked now.
func (c *call) ofOrder(g *group, order float64) []*Deployment {
	list := c.candidates(g, math.Nextafter(order, math.Inf(-1)))
	return slices.DeleteFunc(list, func(d *Deployment) bool { return d.order != order })
}

func (c *call) untried(d *Deployment) bool { return !slices.Contains(c.tried, d) }

// fresh says whether a deployment of this order was not tried yet and may be.
func (c *call) fresh(g *group, order float64) bool {
	return slices.ContainsFunc(c.ofOrder(g, order), c.untried)
}

// shuffle is LiteLLM's simple-shuffle: by weight if any has one, else by rpm,
// else by tpm, an absent number counting 0; all alike if none has any.
func shuffle(list []*Deployment, random func() float64) *Deployment {
	if len(list) <= 1 {
		if len(list) == 0 {
			return nil
		}
		return list[0]
	}
	for _, of := range []func(*Deployment) *float64{
		func(d *Deployment) *float64 { return d.weight },
		func(d *Deployment) *float64 { return d.rpm },
		func(d *Deployment) *float64 { return d.tpm },
	} {
		total := 0.0
		for _, d := range list {
			if w := of(d); w != nil {
				total += *w
			}
		}
		if total == 0 {
			continue
		}
		at := random() * total
		for _, d := range list {
			if w := of(d); w != nil && *w > 0 {
				if at -= *w; at < 0 {
					return d
				}
			}
		}
	}
	return list[min(int(random()*float64(len(list))), len(list)-1)]
}

// classCooling is LiteLLM's name for a group whose deployments all rest.
const classCooling = "RouterRateLimitError"

// unavailable is the failure when no deployment of g may be asked.
func (c *call) unavailable(g *group) *failure {
	now := c.r.opts.Now()
	if c.req.Context().Err() != nil {
		return &failure{gone: true}
	}
	var left time.Duration
	var cooling bool
	var mute *Deployment
	for _, d := range g.deployments {
		if !d.serves(c.dialect) {
			mute = d
			continue
		}
		a, rest := d.accessTo(now)
		cooling = cooling || a != accessOpen
		if rest > 0 && (left == 0 || rest < left) {
			left = rest
		}
	}
	if !cooling && mute != nil {
		f := badRequest("", "litellm.BadRequestError: "+exception(mute)+" - "+mute.withoutRoute(c.dialect))
		if !mute.Kind.speaks(c.dialect) {
			f.text = fmt.Sprintf("litellm.BadRequestError: %s - deployment %q speaks Anthropic Messages only, it has no %s, and requests are not translated into another dialect: use /v1/messages",
				exception(mute), mute.ID, specs[c.dialect].inbound)
		}
		f.class, f.deployment = "BadRequestError", mute
		return f
	}
	seconds := max(1, ceilSeconds(left))
	return &failure{status: http.StatusTooManyRequests, class: classCooling, kind: "all_deployments_in_cooldown", harmless: true,
		retryAfter: max(left, time.Second),
		text: fmt.Sprintf("No deployments available for selected model, Try again in %d seconds. All deployments for selected model are in cooldown. Passed model=%s. pre-call-checks=False",
			seconds, g.name)}
}
