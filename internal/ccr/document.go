// Package ccr converts the configuration of claude-code-router (config.json) into a LiteLLM
// configuration: Convert returns its text, which init takes over and a preview reads.
//
// The format is that of claude-code-router 2.0: Providers with addresses, keys and models,
// and Router with a model for each kind of request. claude-code-router chooses a model by the
// content of a request; that has no counterpart, and the warnings say so.
package ccr

import (
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
)

// Converted is a configuration of claude-code-router as a LiteLLM configuration.
type Converted struct {
	Text     []byte                  // of the LiteLLM configuration, YAML
	Places   map[string]yamlnode.Pos // places in the original file by dotted path in Text
	Warnings []config.Warning        // about what has no counterpart
	Problems []yamlnode.Problem      // about what cannot be converted
	Default  string                  // the group of most requests; empty when none is named
	Fast     string                  // the group of small requests in the background
}

// entry is a provider of the file.
type entry struct {
	name, base, key string
	models          []model
	transformers    []string
	anthropic       bool  // its upstream speaks messages
	path            []any // in the file
}

// model is a model of a provider.
type model struct {
	name string
	path []any // in the file
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
		c.addProblem([]any{"Providers"}, "the file has no list of Providers")
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
		c.addProblem(path, "a provider needs name and api_base_url")
		return
	case strings.ContainsAny(e.name, ", \t"):
		c.addProblem(append(path, "name"), "a provider's name is one word")
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
	e.transformers = listTransformers(n)
	for _, t := range e.transformers {
		e.anthropic = e.anthropic || strings.EqualFold(t, "anthropic")
	}
	c.warnTransformers(e)
	c.entries = append(c.entries, e)
}

// listTransformers returns the names under transformer.use of a provider.
func listTransformers(n *yamlnode.Node) []string {
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

// builtinTransformers are the transformers whose work the router itself does: it translates
// between dialects and knows these providers.
var builtinTransformers = []string{"anthropic", "openai", "openrouter", "deepseek", "gemini", "groq", "cerebras",
	"cleancache", "streamoptions", "openai-responses", "enhancetool"}

// warnTransformers warns of the transformers of a provider that have no counterpart.
func (c *converter) warnTransformers(e entry) {
	for _, t := range e.transformers {
		isBuiltin := false
		for _, name := range builtinTransformers {
			isBuiltin = isBuiltin || strings.EqualFold(t, name)
		}
		if !isBuiltin {
			c.warn("setting-without-effect", append(e.path[:len(e.path):len(e.path)], "transformer"),
				"transformer %q has no counterpart: requests to %q are not changed by it", t, e.name)
		}
	}
}
