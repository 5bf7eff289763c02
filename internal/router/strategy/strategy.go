// Package strategy picks one of the deployments that may be asked, by LiteLLM's routing
// strategies: simple-shuffle, least-busy, latency-based-routing, usage-based-routing-v2
// and cost-based-routing. A Picker is shared by all requests; call Pick.
//
// It never decides which deployments may be asked, except by their limits for a minute,
// and keeps no state: the numbers are those of the deployments (package usage).
package strategy

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// Picker picks deployments by a strategy.
type Picker struct {
	settings.Balancing
	Rand func() float64 // from 0 up to 1
}

// Request is what a strategy must know of a request.
type Request struct {
	Now    time.Time
	Stream bool
}

// Pick picks one of the deployments; of those that are equally good one by the weights
// of simple-shuffle. It may reorder list, and returns nil for an empty one.
func (p *Picker) Pick(list []*deployment.Deployment, q Request) *deployment.Deployment {
	if p.Strategy == settings.SimpleShuffle || len(list) < 2 {
		return pickWeighted(list, p.Rand)
	}
	return pickWeighted(list[:p.putBestFirst(list, q)], p.Rand)
}

// putBestFirst puts the deployments with the best score first and returns how many they
// are. Lower scores are better.
func (p *Picker) putBestFirst(list []*deployment.Deployment, q Request) int {
	var store [16]float64
	scores := store[:0]
	best := p.score(list[0], q)
	for _, d := range list {
		score := p.score(d, q)
		scores = append(scores, score)
		best = min(best, score)
	}
	limit := best
	if p.Strategy == settings.LatencyBased {
		limit += best * p.LatencyBuffer
	}
	n := 0
	for i, d := range list {
		if scores[i] <= limit {
			list[i], list[n] = list[n], d
			scores[i], scores[n] = scores[n], scores[i]
			n++
		}
	}
	return max(1, n)
}

// unknownPrice is what a token costs, in dollars, at a deployment whose price is not
// known, as in LiteLLM: such a deployment is the last one.
const unknownPrice = 5.0

// score returns by what a deployment is compared with others; lower is better.
func (p *Picker) score(d *deployment.Deployment, q Request) float64 {
	switch p.Strategy {
	case settings.LeastBusy:
		return float64(d.Usage.InFlight())
	case settings.UsageBased:
		_, tokens := d.Usage.Minute(q.Now)
		return float64(tokens)
	case settings.LatencyBased:
		return p.latency(d, q)
	case settings.CostBased:
		return price(d.InputCost) + price(d.OutputCost)
	}
	return 0
}

// latency returns the seconds by which a deployment is compared: for a stream those to
// its first token, where they were measured. A deployment that was not measured, or not
// for long, has 0, so that it is tried.
func (p *Picker) latency(d *deployment.Deployment, q Request) float64 {
	if q.Stream {
		if seconds, ok := d.Usage.FirstToken(q.Now, p.SampleTTL, p.FirstTokenPercentile); ok {
			return seconds
		}
	}
	seconds, _ := d.Usage.MeanLatency(q.Now, p.SampleTTL)
	return seconds
}

// price returns a price in dollars for a token.
func price(known *float64) float64 {
	if known == nil {
		return unknownPrice
	}
	return *known
}

// IsOverLimit reports whether a deployment has used up its requests or tokens of the
// minute of now, where the strategy heeds these limits. promptTokens is an estimate of
// the next request.
func (p *Picker) IsOverLimit(d *deployment.Deployment, now time.Time, promptTokens int) bool {
	if !p.CountsTokens() || d.MaxRPM == nil && d.MaxTPM == nil {
		return false
	}
	requests, tokens := d.Usage.Minute(now)
	return d.MaxRPM != nil && float64(requests+1) > *d.MaxRPM ||
		d.MaxTPM != nil && float64(tokens+promptTokens) > *d.MaxTPM
}
