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
	"github.com/flowgate-go/flowgate/internal/router/state"
)

// State returns which deployments may be asked now. It changes no cooldown.
func (r *Router) State() state.Report {
	now := r.policy.Now()
	s := state.Report{
		Requests: r.requests.Load(), Deployments: len(r.deployments), Cooling: []state.Cooling{},
		UnavailableGroups: []string{}, Sharing: r.sharing(),
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
				s.MissingRoutes = append(s.MissingRoutes, state.MissingRoute{Deployment: d.ID, Group: d.Group,
					Route: in.String()})
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
func (r *Router) addUsage(s *state.Report, now time.Time) {
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
func (r *Router) describeUsage(d *deployment.Deployment, now time.Time) state.Usage {
	p := r.policy.StrategyOf(d.Group)
	u := state.Usage{Deployment: d.ID, Group: d.Group, InFlight: d.Usage.InFlight()}
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
func describeCooldown(d *deployment.Deployment) state.Cooling {
	c := d.Cooldown.Cooldown()
	return state.Cooling{
		Deployment: d.ID, Group: d.Group, Since: c.Since.UTC(), Until: c.Until.UTC(), NextTrial: c.NextTrial.UTC(),
		Trial:  c.InTrial,
		Status: c.Failure.Status, Class: c.Failure.Class, Cause: string(c.Failure.Cause), Reason: c.Failure.Reason(),
	}
}

// serveState answers GET /health/deployments.
func (r *Router) serveState(w http.ResponseWriter, _ *http.Request) {
	reply.WriteJSON(w, http.StatusOK, dialect.EncodeJSON(r.State()))
}
