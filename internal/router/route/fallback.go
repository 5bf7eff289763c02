package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// maxFallbacks is LiteLLM's ROUTER_MAX_FALLBACKS: so many groups after the first.
const maxFallbacks = 5

// Answer finds a deployment that answers: in g, or in a group that stands in for it.
// Of the two results one is nil.
func (w *Walk) Answer(g *Group) (*reply.Answer, *failure.Failure) {
	w.boundFallbacks()
	return w.askGroup(g, 0)
}

// NoSuchModel returns the failure for a model that no deployment serves.
func (w *Walk) NoSuchModel() *failure.Failure {
	q := w.request
	if q.ModelLiteral != nil && slices.Contains(w.policy.Settings.DroppedGroups, q.Model) {
		return failure.BadRequest("", fmt.Sprintf("litellm.BadRequestError: There are no healthy deployments for "+
			"this model: %s. Its provider needs an api_base in the embedded router.", q.Model))
	}
	if _, reason := w.policy.Settings.Match(q.Model); reason != "" {
		return failure.BadRequest("", fmt.Sprintf("litellm.BadRequestError: There are no healthy deployments for "+
			"this model: %s. A pattern of model_list matches it, but %s.", failure.Shorten(q.Model), reason))
	}
	name := "None"
	if q.ModelLiteral != nil {
		name = failure.Shorten(q.Model)
	}
	f := failure.BadRequest("", fmt.Sprintf("%s: Invalid model name passed in model=%s. Call `/v1/models` to view "+
		"available models for your key.%s", q.Dialect.Name(), name, w.adviseModel()))
	f.Repeat = true
	return f
}

// maxAdvised is how many groups a message names.
const maxAdvised = 5

// adviseModel returns what to do about a name that no group has: agents ask for their own
// default models, for the small ones in the background, until they are told another name.
func (w *Walk) adviseModel() string {
	if w.request.ModelLiteral == nil {
		return ""
	}
	listed, name := w.policy.Settings.ListedNames(), failure.Shorten(w.request.Model)
	if near := suggest.NearestWithin(name, listed, 2); near != "" {
		return fmt.Sprintf(" Did you mean %q?", near)
	}
	var choose string
	switch lower := strings.ToLower(name); {
	case len(listed) == 0:
		return ""
	case strings.HasPrefix(lower, "claude"):
		choose = "choose one with ANTHROPIC_MODEL and ANTHROPIC_DEFAULT_OPUS_MODEL, _SONNET_MODEL and _HAIKU_MODEL"
	case strings.HasPrefix(lower, "gpt"), strings.HasPrefix(lower, "codex"):
		choose = "choose one with -m, or as model in ~/.codex/config.toml"
	default:
		return ""
	}
	more := ""
	if len(listed) > maxAdvised {
		listed, more = listed[:maxAdvised], " and others"
	}
	return fmt.Sprintf(" It serves %s%s: %s; or give this name to one of them in the router's configuration, under "+
		"router_settings: model_group_alias: {%s: %s}.", strings.Join(listed, ", "), more, choose, name, listed[0])
}

// askGroup asks g and then, one after the other, the groups that stand in for it,
// each with its own stand-ins. No group is asked twice. depth is how many groups
// were asked before.
func (w *Walk) askGroup(g *Group, depth int) (*reply.Answer, *failure.Failure) {
	w.visited = append(w.visited, g.Name)
	w.findBelonging(g)
	a, f := w.tryOrders(g)
	if a != nil || f.ClientGone {
		return a, f
	}
	targets := w.fallbacks(g.Name, f)
	var first *failure.Failure
	for _, name := range targets {
		next := w.policy.Groups.Find(name)
		if next == nil || slices.Contains(w.visited, name) || depth >= maxFallbacks {
			continue
		}
		w.policy.Logger.Warn("fallback", "from", g.Name, "to", name, "class", f.Class, "status", f.Status)
		w.routing.FellBack = true
		a, again := w.askGroup(next, depth+1)
		if a != nil || again.ClientGone {
			return a, again
		}
		if first == nil {
			first = again
		}
	}
	f.Suffix = w.fallbackSuffix(g, f, targets, first)
	return nil, f
}

// fallbackSuffix returns what LiteLLM appends to a failure. first is the failure of
// the first fallback; nil when none was asked.
func (w *Walk) fallbackSuffix(g *Group, f *failure.Failure, targets []string, first *failure.Failure) string {
	switch {
	case w.request.Control.NoFallbacks, first == nil && f.Class == classCooldown:
		return ""
	case first == nil:
		return fmt.Sprintf("\n\nLiteLLM: model group '%s' failed with the error above. No fallback was attempted.",
			g.Name)
	}
	return fmt.Sprintf("\n\nLiteLLM: model group '%s' failed with the error above. Fallback to %s also failed: %s",
		g.Name, strings.Join(targets, ", "), first.Text)
}

// fallbacks returns the groups that stand in for one that failed with f.
func (w *Walk) fallbacks(group string, f *failure.Failure) []string {
	s, control := w.policy.Settings, &w.request.Control
	asked := group // or its alias
	if len(w.visited) == 1 {
		asked = w.request.Model
	}
	switch {
	case control.NoFallbacks:
		return nil
	case len(w.visited) == 1 && control.Fallbacks != nil:
		return control.Fallbacks
	case f.TooLong && s.ContextFallbacks[group] != nil:
		return s.ContextFallbacks[group]
	case s.Fallbacks[asked] != nil:
		return s.Fallbacks[asked]
	case s.Fallbacks[group] != nil:
		return s.Fallbacks[group]
	case s.Fallbacks["*"] != nil:
		return s.Fallbacks["*"]
	}
	return s.DefaultFallbacks
}

// boundFallbacks keeps, of the fallbacks that the client asks for, the first
// maxFallbacks groups that exist.
func (w *Walk) boundFallbacks() {
	list := w.request.Control.Fallbacks
	if list == nil {
		return
	}
	list = slices.DeleteFunc(list, func(name string) bool { return w.policy.Groups.Find(name) == nil })
	w.request.Control.Fallbacks = list[:min(len(list), maxFallbacks)]
}
