package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// maxFallbacks is how many fallbacks may follow one from another, as LiteLLM's
// ROUTER_MAX_FALLBACKS, and how many a client may ask for.
const maxFallbacks = 5

// Answer finds a deployment that answers: in g, or in a group that stands in for it. Exactly
// one of the results is nil.
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

// adviseModel returns a sentence with what to do about a name that no group has; empty when
// there is no advice. Coding agents ask for default models of their own, and in the
// background for small ones, until the user chooses others.
func (w *Walk) adviseModel() string {
	if w.request.ModelLiteral == nil {
		return ""
	}
	listed, name := w.policy.Settings.ListedNames(), failure.Shorten(w.request.Model)
	if near := suggest.NearestWithin(name, listed, 2); near != "" {
		return fmt.Sprintf(" Did you mean %q?", near)
	}
	var remedy string
	switch lower := strings.ToLower(name); {
	case len(listed) == 0:
		return ""
	case strings.HasPrefix(lower, "claude"):
		remedy = "choose one with ANTHROPIC_MODEL and ANTHROPIC_DEFAULT_OPUS_MODEL, _SONNET_MODEL and _HAIKU_MODEL"
	case strings.HasPrefix(lower, "gpt"), strings.HasPrefix(lower, "codex"):
		remedy = "choose one with -m, or as model in ~/.codex/config.toml"
	default:
		return ""
	}
	more := ""
	if len(listed) > maxAdvised {
		listed, more = listed[:maxAdvised], " and others"
	}
	return fmt.Sprintf(" The router serves %s%s: %s; or give this name to one of them in the router's configuration, "+
		"under router_settings: model_group_alias: {%s: %s}.", strings.Join(listed, ", "), more, remedy, name, listed[0])
}

// askGroup asks g and then, one after the other, the fallbacks of g, each with its own
// fallbacks. It asks no group twice. depth is the number of fallbacks that led to g.
func (w *Walk) askGroup(g *Group, depth int) (*reply.Answer, *failure.Failure) {
	w.visited = append(w.visited, g.Name)
	w.strategy = w.policy.StrategyOf(g.Name)
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
		a, failed := w.askGroup(next, depth+1)
		if a != nil || failed.ClientGone {
			return a, failed
		}
		if first == nil {
			first = failed
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

// fallbacks returns the names of the groups that stand in for group, which failed with f.
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

// boundFallbacks reduces the fallbacks that the client asks for to the first maxFallbacks
// groups that exist.
func (w *Walk) boundFallbacks() {
	list := w.request.Control.Fallbacks
	if list == nil {
		return
	}
	list = slices.DeleteFunc(list, func(name string) bool { return w.policy.Groups.Find(name) == nil })
	w.request.Control.Fallbacks = list[:min(len(list), maxFallbacks)]
}
