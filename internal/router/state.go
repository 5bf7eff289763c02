package router

import (
	"net/http"
	"slices"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/shared/health"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

// StatePath is the route at which clients that send the key get a Router's State.
const StatePath = "/health/deployments"

// State is a report of which deployments of a Router may be asked now.
type State struct {
	Requests          int64     `json:"requests"` // for models, with the right key, since the router's start
	Deployments       int       `json:"deployments"`
	Available         int       `json:"available"`          // how many deployments may be asked
	Cooling           []Cooling `json:"cooling"`            // the deployments that cool down, in the order of model_list
	UnavailableGroups []string  `json:"unavailable_groups"` // model_names without a deployment that may be asked

	Strategy string  `json:"strategy,omitempty"` // the routing strategy in force
	Usage    []Usage `json:"usage,omitempty"`    // the numbers that it decides by; none with simple-shuffle
	Sessions int     `json:"sessions,omitempty"` // how many sessions stay at a deployment

	MissingRoutes []MissingRoute `json:"missing_routes,omitempty"` // what upstreams answered that they lack

	Quota []quota.Seen `json:"quota,omitempty"` // the newest quota windows that upstreams' replies named

	Sharing *health.Status `json:"sharing,omitempty"` // with other routers through Redis; absent: no Redis is configured
}

// MissingRoute is a route that the upstream of a deployment answered that it lacks. Requests for
// it are translated from then on.
type MissingRoute struct {
	Deployment string `json:"deployment"` // model_info.id
	Group      string `json:"group"`      // model_name
	Route      string `json:"route"`      // the router's: /v1/responses
}

// Usage is what a routing strategy knows about a deployment.
type Usage struct {
	Deployment string `json:"deployment"` // model_info.id
	Group      string `json:"group"`      // model_name
	InFlight   int    `json:"in_flight"`
	Requests   int    `json:"requests"`          // in this minute
	Tokens     int    `json:"tokens"`            // in this minute
	RPM        int    `json:"rpm,omitempty"`     // limit of requests a minute, where the strategy obeys it
	TPM        int    `json:"tpm,omitempty"`     // limit of tokens a minute, where the strategy obeys it
	Limited    bool   `json:"limited,omitempty"` // the requests or the tokens of this minute are used up

	LatencyS    float64  `json:"latency_s,omitempty"`     // mean seconds for each token of a reply
	FirstTokenS float64  `json:"first_token_s,omitempty"` // seconds to a stream's first content: their mean or percentile
	TokenCost   *float64 `json:"token_cost,omitempty"`    // dollars for an input and an output token; absent: unknown
}

// Cooling is a deployment that cools down.
type Cooling struct {
	Deployment string    `json:"deployment"` // model_info.id
	Group      string    `json:"group"`      // model_name
	Since      time.Time `json:"since"`
	Until      time.Time `json:"until"`
	NextTrial  time.Time `json:"next_trial"`      // from when one request may try it; Until, or earlier
	Trial      bool      `json:"trial,omitempty"` // a trial is in progress
	Status     int       `json:"status"`          // of the failure that the cooldown followed
	Class      string    `json:"class"`           // LiteLLM's exception class of that failure: RateLimitError
	// why the connection failed: certificate, refused, …; empty when the upstream answered
	Cause  string `json:"cause,omitempty"`
	Reason string `json:"reason"` // what happened, for people
}

// State returns which deployments may be asked now. It changes no cooldown.
func (r *Router) State() State {
	now := r.policy.Now()
	s := State{
		Requests: r.requests.Load(), Deployments: len(r.deployments), Cooling: []Cooling{}, UnavailableGroups: []string{},
		Sharing: r.sharing(),
	}
	isAvailable := map[string]bool{}
	for _, d := range r.deployments {
		access, _ := d.Cooldown.Access(now)
		if access == cooldown.Closed || access == cooldown.Busy {
			s.Cooling = append(s.Cooling, describeCooldown(d))
		} else if d.MissingKey == "" {
			s.Available++
			isAvailable[d.Group] = true
		}
	}
	for _, d := range r.policy.Groups.Matched() {
		if access, _ := d.Cooldown.Access(now); access == cooldown.Closed || access == cooldown.Busy {
			s.Cooling = append(s.Cooling, describeCooldown(d))
		}
	}
	for _, d := range slices.Concat(r.deployments, r.policy.Groups.Matched()) {
		for in := range dialect.Count {
			if d.LacksRoute(in) {
				s.MissingRoutes = append(s.MissingRoutes, MissingRoute{d.ID, d.Group, in.String()})
			}
		}
	}
	r.addUsage(&s, now)
	s.Quota = r.quota.List(now)
	for _, name := range r.settings.Groups {
		if !isAvailable[name] {
			s.UnavailableGroups = append(s.UnavailableGroups, name)
		}
	}
	return s
}

// addUsage adds the routing strategy to s, and what it knows about each deployment.
func (r *Router) addUsage(s *State, now time.Time) {
	p := r.policy.Strategy
	s.Strategy = string(p.Strategy)
	if r.policy.Sessions != nil {
		s.Sessions = r.policy.Sessions.Size()
	}
	for _, d := range slices.Concat(r.deployments, r.policy.Groups.Matched()) {
		if !d.IsPattern() && r.policy.StrategyOf(d.Group).CountsUsage() {
			s.Usage = append(s.Usage, r.describeUsage(d, now))
		}
	}
}

// describeUsage returns what the routing strategy knows about d.
func (r *Router) describeUsage(d *deployment.Deployment, now time.Time) Usage {
	p := r.policy.StrategyOf(d.Group)
	u := Usage{Deployment: d.ID, Group: d.Group, InFlight: d.Usage.InFlight()}
	u.Requests, u.Tokens = d.Usage.Minute(now)
	if p.CountsTokens() {
		u.RPM, u.TPM = int(lo.FromPtr(d.MaxRPM)), int(lo.FromPtr(d.MaxTPM))
		u.Limited = p.IsOverLimit(d, now, 0)
	}
	switch p.Strategy {
	case settings.LatencyBased:
		u.LatencyS, _ = d.Usage.MeanLatency(now, p.SampleTTL)
		u.FirstTokenS, _ = d.Usage.FirstToken(now, p.SampleTTL, p.FirstTokenPercentile)
	case settings.CostBased:
		if d.HasPrice() {
			u.TokenCost = lo.ToPtr(*d.InputCost + *d.OutputCost)
		}
	}
	return u
}

// describeCooldown returns the cooldown of d.
func describeCooldown(d *deployment.Deployment) Cooling {
	c := d.Cooldown.Cooldown()
	return Cooling{
		Deployment: d.ID, Group: d.Group, Since: c.Since.UTC(), Until: c.Until.UTC(), NextTrial: c.NextTrial.UTC(),
		Trial:  c.InTrial,
		Status: c.Failure.Status, Class: c.Failure.Class, Cause: string(c.Failure.Cause), Reason: c.Failure.Reason(),
	}
}

// serveState answers GET /health/deployments.
func (r *Router) serveState(w http.ResponseWriter, _ *http.Request) {
	reply.WriteJSON(w, http.StatusOK, dialect.EncodeJSON(r.State()))
}
