// Package ccr reads the configuration of claude-code-router (config.json) as a LiteLLM
// configuration: Convert returns the text of one, which init takes and a preview reads.
//
// Its format is that of claude-code-router 2.0: Providers with addresses, keys and models,
// and Router with a model for each kind of request. What it does to requests by their
// content has no counterpart and is named in the warnings.
package ccr

import (
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
)

// Converted is a configuration of claude-code-router as LiteLLM's.
type Converted struct {
	Text     []byte                  // of the LiteLLM configuration, YAML
	Places   map[string]yamlnode.Pos // by dotted path in Text: where the original has it
	Warnings []config.Warning        // what has no counterpart
	Problems []yamlnode.Problem      // what cannot be taken
	Default  string                  // the group of most requests; empty when none is named
	Fast     string                  // the group of small requests in the background
}

// entry is a provider of the file.
type entry struct {
	name, base, key string
	models          []model
	transformers    []string
	anthropic       bool // its upstream speaks messages
	path            []any
}

// model is a model of a provider.
type model struct {
	name string
	path []any
}

// group returns the name under which clients ask for a model of a provider.
func group(provider, model string) string { return provider + "/" + model }

// readEntries reads Providers.
func (c *converter) readEntries() {
	list, ok := c.root.Field("Providers")
	if !ok {
		list, ok = c.root.Field("providers")
	}
	if !ok || list.Value.Kind != yamlnode.ListKind {
		c.fail([]any{"Providers"}, "the file has no list of Providers")
		return
	}
	for i, item := range list.Value.Items {
		c.readEntry(item, []any{list.Key, i})
	}
}

// readEntry reads one provider.
func (c *converter) readEntry(n *yamlnode.Node, path []any) {
	e := entry{path: path, name: c.text(n, "name"), base: c.text(n, "api_base_url"), key: c.text(n, "api_key")}
	switch {
	case e.name == "" || e.base == "":
		c.fail(path, "a provider needs name and api_base_url")
		return
	case strings.ContainsAny(e.name, ", \t"):
		c.fail(append(path, "name"), "a provider's name is one word")
		return
	}
	models, _ := n.Field("models")
	if models.Value != nil {
		for i, m := range models.Value.Items {
			if name, isText := m.Value.(string); isText && name != "" {
				e.models = append(e.models, model{name, append(path[:len(path):len(path)], "models", i)})
			}
		}
	}
	if len(e.models) == 0 {
		c.warn("deployment-missing", append(path, "models"), "provider %q has no models; nothing is served with it", e.name)
	}
	e.transformers = c.transformers(n)
	for _, t := range e.transformers {
		e.anthropic = e.anthropic || strings.EqualFold(t, "anthropic")
	}
	c.warnTransformers(e)
	c.entries = append(c.entries, e)
}

// transformers returns the names under transformer.use of a provider.
func (c *converter) transformers(n *yamlnode.Node) []string {
	use, ok := n.Lookup("transformer", "use")
	if !ok {
		return nil
	}
	var names []string
	for _, item := range use.Value.Items {
		name, isText := item.Value.(string)
		if !isText && len(item.Items) > 0 { // ["openrouter", {"provider": …}]
			name, _ = item.Items[0].Value.(string)
		}
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// handled are the transformers that need no counterpart: the router translates, and knows
// these providers.
var handled = []string{"anthropic", "openai", "openrouter", "deepseek", "gemini", "groq", "cerebras", "cleancache",
	"streamoptions", "openai-responses", "enhancetool"}

// warnTransformers names the transformers of a provider that have no counterpart.
func (c *converter) warnTransformers(e entry) {
	for _, t := range e.transformers {
		known := false
		for _, h := range handled {
			known = known || strings.EqualFold(t, h)
		}
		if !known {
			c.warn("setting-without-effect", append(e.path[:len(e.path):len(e.path)], "transformer"),
				"transformer %q has no counterpart: requests to %q are not changed by it", t, e.name)
		}
	}
}
