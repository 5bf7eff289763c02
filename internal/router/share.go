package router

import (
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/shared"
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
		r.shared.Add(group...)
	}
	r.policy.Groups.Watch(r.shared.Add, r.shared.Forget)
}

// sharing returns how state is shared with other routers; nil when it is not.
func (r *Router) sharing() *shared.Status {
	if r.shared == nil {
		return nil
	}
	return lo.ToPtr(r.shared.Status())
}
