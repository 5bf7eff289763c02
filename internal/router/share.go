package router

import (
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/shared"
	"github.com/flowgate-go/flowgate/internal/router/shared/health"
	"github.com/flowgate-go/flowgate/internal/router/usage"
)

// openShared begins to share state with other routers, if the settings name a Redis.
func (r *Router) openShared(opts *Options) {
	if r.settings.Redis == nil {
		return
	}
	r.shared = shared.Open(shared.Options{Redis: *r.settings.Redis, Secret: r.settings.MasterKey,
		Cooldown: r.policy.Cooldown, Logger: opts.Logger, Now: opts.Now})
	known := slices.DeleteFunc(slices.Clone(r.deployments), (*deployment.Deployment).IsPattern)
	known = append(known, r.policy.Groups.Matched()...)
	for _, group := range lo.GroupBy(known, func(d *deployment.Deployment) string { return d.Group }) {
		r.addShared(group...)
	}
	r.policy.Groups.Watch(r.addShared, r.forgetShared)
	r.shareOwners()
	r.keys.Share(keylimit.Sharer{Count: r.shareKey, Uncount: func(id string) {
		r.shared.Uncount(windowKind, id)
		r.shared.Uncount(budgetKind, id)
		r.shared.Uncount(parallelKind, id)
	}})
}

// shareOwners shares which deployments sessions, prompts and state belong to.
func (r *Router) shareOwners() {
	p := &r.policy
	if p.Sessions != nil {
		r.shared.ShareOwners(p.Sessions, true)
		r.shared.ShareOwners(p.Prompts, false)
	}
	if p.States != nil {
		r.shared.ShareOwners(p.States, false)
	}
	if p.Sessions != nil || p.States != nil {
		p.Lookup = r.shared.Lookup
	}
}

// The kinds of numbers that are shared.
const (
	deploymentKind = "usage"
	windowKind     = "key window"
	budgetKind     = "key budget"
	parallelKind   = "key parallel"
)

// addShared shares what is known of the deployments of a group: cooldowns, and the numbers that its
// strategy needs.
func (r *Router) addShared(group ...*deployment.Deployment) {
	r.shared.Add(group...)
	strategy := r.policy.StrategyOf(group[0].Group)
	if len(group) < 2 && !strategy.EnforcesLimits || !strategy.CountsUsage() {
		return
	}
	for _, d := range group {
		var counted, flown func()
		d.Usage.Share(usage.Sharing{Clock: r.shared.Clock(), CountsChanged: func() { counted() },
			FlightChanged: func() { flown() }})
		name := shared.DeploymentName(d)
		counted = r.shared.Count(deploymentKind, name, &d.Usage)
		flown = r.shared.Gauge(deploymentKind, name, &d.Usage)
	}
}

// forgetShared ends what addShared began.
func (r *Router) forgetShared(group ...*deployment.Deployment) {
	r.shared.Forget(group...)
	for _, d := range group {
		r.shared.Uncount(deploymentKind, shared.DeploymentName(d))
	}
}

// shareKey shares what a key uses.
func (r *Router) shareKey(id string, u *keylimit.Use) (window, spend, parallel func()) {
	return r.shared.Count(windowKind, id, keylimit.Window{Use: u}),
		r.shared.Count(budgetKind, id, keylimit.Budget{Use: u}),
		r.shared.Gauge(parallelKind, id, u)
}

// sharing returns how state is shared with other routers; nil when it is not.
func (r *Router) sharing() *health.Status {
	if r.shared == nil {
		return nil
	}
	return lo.ToPtr(r.shared.Status())
}
