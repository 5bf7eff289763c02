package router

import (
	"fmt"
	"slices"
	"strings"
)

// maxHops is LiteLLM's ROUTER_MAX_FALLBACKS: so many groups after the first.
const maxHops = 5

// serve finds an answer and hands it to the client.
func (c *call) serve() {
	g := c.r.groups[c.model]
	if c.dialect == countTokens {
		c.count(g)
		return
	}
	if g == nil || c.literal == nil {
		c.fail(c.nobody())
		return
	}
	c.control.fallbacks = c.bounded(c.control.fallbacks)
	defer c.endClient()
	c.startKeepAlive(c.r.keepAliveOf(g))
	a, f := c.route(g, 0)
	if f != nil {
		c.fail(f)
		return
	}
	c.deliver(a)
}

// nobody is the failure for a model that no deployment serves.
func (c *call) nobody() *failure {
	if c.literal == nil || !slices.Contains(c.r.settings.dropped, c.model) {
		return c.unknownModel()
	}
	return badRequest("", fmt.Sprintf("litellm.BadRequestError: There are no healthy deployments for this model: %s. Its provider needs an api_base in the embedded router.", c.model))
}

// route asks g and then, one after the other, the groups that stand in for it,
// each with its own stand-ins. No group is asked twice.
func (c *call) route(g *group, hops int) (*answer, *failure) {
	c.visited = append(c.visited, g.name)
	a, f := c.tiers(g)
	if a != nil || f.gone {
		return a, f
	}
	targets := c.targets(g.name, f)
	var first *failure
	for _, name := range targets {
		next := c.r.groups[name]
		if next == nil || slices.Contains(c.visited, name) || hops >= maxHops {
			continue
		}
		c.r.opts.Logger.Warn("fallback", "from", g.name, "to", name, "class", f.class, "status", f.status)
		c.fellBack = true
		a, again := c.route(next, hops+1)
		if a != nil || again.gone {
			return a, again
		}
		if first == nil {
			first = again
		}
	}
	f.suffix = c.epilogue(g, f, targets, first)
	return nil, f
}

// epilogue is what LiteLLM appends to a failure. It names the groups that were
// tried, and no others.
func (c *call) epilogue(g *group, f *failure, targets []string, first *failure) string {
	switch {
	case c.control.noFallbacks, first == nil && f.class == classCooling:
		return ""
	case first == nil:
		return fmt.Sprintf("\n\nLiteLLM: model group '%s' failed with the error above. No fallback was attempted.", g.name)
	}
	return fmt.Sprintf("\n\nLiteLLM: model group '%s' failed with the error above. Fallback to %s also failed: %s",
		g.name, strings.Join(targets, ", "), first.text)
}

// targets are the groups that stand in for one that failed with f.
func (c *call) targets(name string, f *failure) []string {
	s := c.r.settings
	switch {
	case c.control.noFallbacks:
		return nil
	case len(c.visited) == 1 && c.control.fallbacks != nil:
		return c.control.fallbacks
	case f.context && s.contextFallbacks[name] != nil:
		return s.contextFallbacks[name]
	case s.fallbacks[name] != nil:
		return s.fallbacks[name]
	case s.fallbacks["*"] != nil:
		return s.fallbacks["*"]
	}
	return s.defaultFallbacks
}

// bounded keeps, of the fallbacks that a client asks for, the first maxHops groups that exist.
func (c *call) bounded(list []string) []string {
	if list == nil {
		return nil
	}
	list = slices.DeleteFunc(list, func(name string) bool { return c.r.groups[name] == nil })
	return list[:min(len(list), maxHops)]
}
