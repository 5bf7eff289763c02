// Package strategy picks one of the deployments that may be asked, by LiteLLM's routing
// strategies: simple-shuffle, least-busy, latency-based-routing, usage-based-routing-v2
// and cost-based-routing. A Picker is shared by all requests; call Pick.
//
// It never decides which deployments may be asked, except by their limits for a minute
// (IsOverLimit), and keeps no state: each deployment holds its numbers (package usage).
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

// Request is what a strategy needs to know about a request.
type Request struct {
	Now    time.Time
	Stream bool
}

// Pick picks one of the best deployments, as simple-shuffle does if there are several. It may
// reorder list, and returns nil for an empty one.
func (p *Picker) Pick(list []*deployment.Deployment, q Request) *deployment.Deployment {
	if p.Strategy == settings.SimpleShuffle || len(list) < 2 {
		return pickWeighted(list, p.Rand)
	}
	return pickWeighted(list[:p.putBestFirst(list, q)], p.Rand)
}

// putBestFirst puts the deployments with the best score first, and returns how many there
// are. Lower scores are better. LatencyBuffer lets slightly slower ones count as best.
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

// unknownPrice is the price of a token, in dollars, at a deployment whose price is unknown,
// as in LiteLLM. It is so high that such a deployment is chosen last.
const unknownPrice = 5.0

// score returns the number by which deployments are compared; lower is better.
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

// latency returns the latency by which deployments are compared: for a stream the seconds to
// its first token, where they were measured, else the seconds for each token. It is 0
// for a deployment without a recent measurement, so that it is tried.
func (p *Picker) latency(d *deployment.Deployment, q Request) float64 {
	if q.Stream {
		if seconds, ok := d.Usage.FirstToken(q.Now, p.SampleTTL, p.FirstTokenPercentile); ok {
			return seconds
		}
	}
	seconds, _ := d.Usage.MeanLatency(q.Now, p.SampleTTL)
	return seconds
}

// price returns the price of a token in dollars; known is nil when it is unknown.
func price(known *float64) float64 {
	if known == nil {
		return unknownPrice
	}
	return *known
}

// IsOverLimit reports whether another request would exceed a deployment's requests or tokens
// of the minute of now, where the strategy obeys these limits. promptTokens is an estimate
// of that request's tokens.
func (p *Picker) IsOverLimit(d *deployment.Deployment, now time.Time, promptTokens int) bool {
	if !p.CountsTokens() || d.MaxRPM == nil && d.MaxTPM == nil {
		return false
	}
	requests, tokens := d.Usage.Minute(now)
	return d.MaxRPM != nil && float64(requests+1) > *d.MaxRPM ||
		d.MaxTPM != nil && float64(tokens+promptTokens) > *d.MaxTPM
}
