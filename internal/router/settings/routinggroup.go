package settings

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// RoutingGroup is an entry of router_settings.routing_groups: groups that share a routing
// strategy. Its name stands for the deployments of all of them.
type RoutingGroup struct {
	Name       string
	Models     []string           // the model_names of its groups, in order, without those that cannot serve
	Balancing  Balancing          // of its groups, and of requests for its name
	Priorities map[string]float64 // by model_name; lower goes first; nil: deployments keep their orders
	// IsHidden is set when requests cannot name it, because a group or an alias has its name.
	IsHidden bool
}

// HasPriorities reports whether requests for the name go to the groups in the order of
// Priorities. The strategy of the groups themselves is then the general one.
func (g *RoutingGroup) HasPriorities() bool { return g.Priorities != nil }

// byPriority is LiteLLM's name of the strategy of a RoutingGroup with Priorities.
const byPriority = "priority"

// readRoutingGroups reads routing_groups. LiteLLM does not start with an entry that is an
// error here.
func readRoutingGroups(s *Settings, router document.Section) {
	owners, names := map[string]string{}, map[string]bool{}
	for i, v := range router.List("routing_groups") {
		entry := router.File().Mapping(append(router.At("routing_groups"), i), v)
		problemsBefore := len(entry.File().Problems)
		entry.WarnUnknown("group_name", "models", "routing_strategy", "routing_strategy_args", "model_priorities")
		g := RoutingGroup{Balancing: Balancing{Strategy: SimpleShuffle}}
		g.Name = entry.Word("group_name")
		readRoutingGroupName(entry, g.Name, names)
		models := entry.Names("models")
		switch entry.Word("routing_strategy") {
		case "":
			entry.File().Fail(entry.Path(), "the entry has no routing_strategy")
		case byPriority:
			g.Priorities = readPriorities(entry, models)
		default:
			g.Balancing = readBalancing(entry)
			claimModels(entry, g.Name, models, owners)
		}
		g.Balancing.EnforcesLimits = s.Balancing.EnforcesLimits
		g.Models = s.keepServed(entry, models)
		g.IsHidden = slices.Contains(s.Groups, g.Name) || router.Sub("model_group_alias").Has(g.Name)
		if len(entry.File().Problems) > problemsBefore {
			continue
		}
		if g.IsHidden {
			entry.Warn("routing-group-hidden", "group_name", "a group or an alias is called %q too, and requests for that "+
				"name go there; the strategy is that of the models all the same", g.Name)
		}
		s.RoutingGroups = append(s.RoutingGroups, g)
	}
}

// readRoutingGroupName records an error for a name that an entry of routing_groups cannot
// have. names are the names of earlier entries.
func readRoutingGroupName(entry document.Section, name string, names map[string]bool) {
	switch {
	case name == "":
		entry.File().Fail(entry.Path(), "the entry has no group_name")
	case name == "default":
		entry.Fail("group_name", "%q is LiteLLM's name for the groups that no entry has", name)
	case names[name]:
		entry.Fail("group_name", "two entries have the name %q", name)
	}
	names[name] = true
}

// claimModels records an error for each model that an earlier entry has with a strategy too.
// owners are the names of these entries, by model.
func claimModels(entry document.Section, name string, models []string, owners map[string]string) {
	for _, model := range models {
		if owner, isTaken := owners[model]; isTaken && owner != name {
			entry.Fail("models", "%q is in the entry %q too, and cannot have two strategies", model, owner)
			continue
		}
		owners[model] = name
	}
}

// readPriorities reads model_priorities, which must have a whole number from 1 on for each of
// the models.
func readPriorities(entry document.Section, models []string) map[string]float64 {
	priorities := map[string]float64{}
	section := entry.Sub("model_priorities")
	for _, model := range section.Keys() {
		if n := section.Count(model); n != nil && *n >= 1 {
			priorities[model] = float64(*n)
		} else if n != nil {
			section.Fail(model, "expected a whole number from 1 on")
		}
		if !slices.Contains(models, model) {
			section.Fail(model, "models of the entry does not have %q", model)
		}
	}
	for _, model := range models {
		if !section.Has(model) {
			entry.Fail("models", "%q has no number in model_priorities", model)
		}
	}
	return priorities
}

// keepServed returns the groups among models that can serve. It warns about the others.
func (s *Settings) keepServed(entry document.Section, models []string) []string {
	var served []string
	for i, model := range models {
		switch {
		case model == "": // it is not a text, which is an error already
		case slices.Contains(s.Groups, model):
			served = append(served, model)
		case isPattern(model):
			entry.File().Warn("routing-group-unknown", append(entry.At("models"), i),
				"%q is a pattern, and patterns are in no routing group, as in LiteLLM", model)
		default:
			entry.File().Warn("routing-group-unknown", append(entry.At("models"), i),
				"no deployment that can serve has %q as model_name", model)
		}
	}
	return served
}

// findRoutingGroup returns the routing group that requests for a name ask for; nil when there
// is none.
func (s *Settings) findRoutingGroup(name string) *RoutingGroup {
	i := slices.IndexFunc(s.RoutingGroups, func(g RoutingGroup) bool {
		return g.Name == name && !g.IsHidden && len(g.Models) > 0
	})
	if i < 0 {
		return nil
	}
	return &s.RoutingGroups[i]
}

// MembersOf returns the names of the groups that a name stands for: those of a routing
// group, else the name alone.
func (s *Settings) MembersOf(name string) []string {
	if g := s.findRoutingGroup(name); g != nil {
		return g.Models
	}
	return []string{name}
}
