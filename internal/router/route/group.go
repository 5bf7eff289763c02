package route

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// Group is all deployments that one model name reaches, those with the lowest order first.
type Group struct {
	Name        string
	Deployments []*deployment.Deployment

	hasKey      bool // the key of at least one deployment is not missing
	hasAccounts bool // the deployments have several accounts
}

// hasOneDeployment reports whether the group has only one deployment. Such a deployment
// cools down only in few cases.
func (g *Group) hasOneDeployment() bool { return len(g.Deployments) == 1 }

// keepAlive returns the interval of keep-alives for requests to the group. It is not known
// which deployment will answer, so the first one that sets an interval decides; when none
// does, the interval is otherwise.
func (g *Group) keepAlive(otherwise time.Duration) time.Duration {
	for _, d := range g.Deployments {
		if d.KeepAlive != nil {
			return *d.KeepAlive
		}
	}
	return otherwise
}

// maxMatched is for how many names that patterns match the groups are remembered.
const maxMatched = 1000

// Groups finds the group of a model's name. It is safe for concurrent use.
type Groups struct {
	settings *settings.Settings
	named    map[string]*Group // never changed

	moderation string // the group of moderations that name no model; empty: none

	onMatch, onForget func(...*deployment.Deployment) // nil: nobody watches

	mu      sync.Mutex
	matched map[string]*Group // of names that patterns matched
}

// Watch calls onMatch with the deployments of each name that patterns match for the first time, and
// onForget when they are forgotten. Both must not call Groups. It must be called before Find.
func (g *Groups) Watch(onMatch, onForget func(...*deployment.Deployment)) {
	g.onMatch, g.onForget = onMatch, onForget
}

// NewGroups makes the groups of the deployments by model_name, and by litellm_params.model
// for clients that ask for a deployment by its full name, as LiteLLM allows.
func NewGroups(s *settings.Settings, deployments []*deployment.Deployment) *Groups {
	g := &Groups{settings: s, named: map[string]*Group{}, matched: map[string]*Group{}}
	add := func(name string, d *deployment.Deployment) {
		if g.named[name] == nil {
			g.named[name] = &Group{Name: name}
		}
		g.named[name].Deployments = append(g.named[name].Deployments, d)
	}
	for _, d := range deployments {
		if d.IsPattern() {
			continue
		}
		add(d.Group, d)
		if g.moderation == "" && d.Mode() == "moderation" {
			g.moderation = d.Group
		}
	}
	g.addRoutingGroups()
	names := s.ListedNames()
	for _, d := range deployments {
		isTaken := slices.Contains(names, d.Model) || d.IsPattern() || s.MatchesPattern(d.Model)
		if !isTaken && d.Mock == nil && d.MissingKey == "" {
			add(d.Model, d)
		}
	}
	for _, group := range g.named {
		group.prepare()
	}
	g.addAliases()
	return g
}

// addRoutingGroups adds the names of routing groups, which stand for the deployments of
// several groups.
func (g *Groups) addRoutingGroups() {
	for _, r := range g.settings.RoutingGroups {
		if r.IsHidden || len(r.Models) == 0 {
			continue
		}
		group := &Group{Name: r.Name}
		for _, model := range r.Models {
			for _, d := range g.named[model].Deployments {
				group.Deployments = append(group.Deployments, d.InGroup(r.Name, r.Priorities[model]))
			}
		}
		g.named[r.Name] = group
	}
}

// addAliases adds the other names of groups. As in LiteLLM, an alias takes precedence over a
// group with that name.
func (g *Groups) addAliases() {
	targets := map[string]*Group{}
	for _, a := range g.settings.PickerAliases {
		targets[a.Name] = g.Find(a.Target)
	}
	for _, a := range g.settings.Aliases {
		targets[a.Name] = g.Find(a.Target)
	}
	maps.Copy(g.named, targets)
}

// prepare sorts the deployments by order, and sets hasKey and hasAccounts.
func (g *Group) prepare() {
	slices.SortStableFunc(g.Deployments, func(a, b *deployment.Deployment) int {
		return cmp.Compare(a.Order, b.Order)
	})
	g.hasAccounts = slices.ContainsFunc(g.Deployments, func(d *deployment.Deployment) bool {
		return d.Owner.Account != g.Deployments[0].Owner.Account
	})
	g.hasKey = slices.ContainsFunc(g.Deployments, func(d *deployment.Deployment) bool { return d.MissingKey == "" })
}

// Find returns the group of a model's name: the group with that name or alias, else that of
// the name without Claude Code's mark of a long context, else the deployments of the most
// specific pattern that matches. It returns nil when there is none.
func (g *Groups) Find(name string) *Group {
	if group := g.named[name]; group != nil {
		return group
	}
	if plain, isLong := strings.CutSuffix(name, settings.LongContextMark); isLong {
		return g.Find(plain)
	}
	if !g.settings.HasPatterns() {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if group := g.matched[name]; group != nil {
		return group
	}
	found, _ := g.settings.Match(name)
	if len(found) == 0 {
		return nil
	}
	group := &Group{Name: name}
	for _, d := range found {
		group.Deployments = append(group.Deployments, deployment.New(d))
	}
	group.prepare()
	if len(g.matched) >= maxMatched { // clients choose the names
		for _, old := range g.matched {
			if g.onForget != nil {
				g.onForget(old.Deployments...)
			}
		}
		clear(g.matched)
	}
	if g.onMatch != nil {
		g.onMatch(group.Deployments...)
	}
	g.matched[strings.Clone(name)] = group
	return group
}

// Matched returns the deployments of all names that patterns matched, sorted by name. Each
// name has deployments with cooldowns of their own, so that a model that does not exist
// does not affect other models.
func (g *Groups) Matched() []*deployment.Deployment {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []*deployment.Deployment
	for _, name := range slices.Sorted(maps.Keys(g.matched)) {
		all = append(all, g.matched[name].Deployments...)
	}
	return all
}
