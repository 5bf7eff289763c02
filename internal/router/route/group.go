package route

import (
	"cmp"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// Group is all deployments that one model name reaches, those with the lowest order first.
type Group struct {
	Name        string
	Deployments []*deployment.Deployment

	hasKey bool // some deployment has what its key reference names
}

// isOnly reports whether the group has one deployment, which is spared most cooldowns.
func (g *Group) isOnly() bool { return len(g.Deployments) == 1 }

// keepAlive returns the interval of keep-alives for requests to the group. Which
// deployment answers is not known while the client waits, so the first one that sets
// an interval decides; otherwise it is the given one.
func (g *Group) keepAlive(otherwise time.Duration) time.Duration {
	for _, d := range g.Deployments {
		if d.KeepAlive != nil {
			return *d.KeepAlive
		}
	}
	return otherwise
}

// NewGroups collects deployments by model_name, and by litellm_params.model for
// clients that ask for a deployment by its full name, as LiteLLM allows.
func NewGroups(s *settings.Settings, deployments []*deployment.Deployment) map[string]*Group {
	groups := map[string]*Group{}
	add := func(name string, d *deployment.Deployment) {
		if groups[name] == nil {
			groups[name] = &Group{Name: name}
		}
		groups[name].Deployments = append(groups[name].Deployments, d)
	}
	for _, d := range deployments {
		add(d.Group, d)
	}
	for _, d := range deployments {
		if !slices.Contains(s.Groups, d.Model) && d.Mock == nil && d.MissingKey == "" {
			add(d.Model, d)
		}
	}
	for _, g := range groups {
		slices.SortStableFunc(g.Deployments, func(a, b *deployment.Deployment) int {
			return cmp.Compare(a.Order, b.Order)
		})
		g.hasKey = slices.ContainsFunc(g.Deployments, func(d *deployment.Deployment) bool { return d.MissingKey == "" })
	}
	return groups
}
