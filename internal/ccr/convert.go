package ccr

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// converter converts one file.
type converter struct {
	file    string
	root    *yamlnode.Node
	out     Converted
	entries []entry
	doc     strings.Builder // the LiteLLM configuration
	count   int             // entries of model_list so far
}

// Convert returns the configuration in data, which was read from the named file, as LiteLLM's.
func Convert(file string, data []byte) Converted {
	d := yamlnode.NewDiagnosis(file)
	root := yamlnode.ParseLong(d, yamlnode.BlankComments(data))
	c := &converter{file: file, root: root, out: Converted{Places: map[string]yamlnode.Pos{}}}
	if root == nil {
		c.out.Problems = d.SortedProblems()
		return c.out
	}
	c.readEntries()
	c.warnIgnored()
	c.writeModels()
	c.writeRoutes()
	c.out.Text = []byte(c.doc.String())
	return c.out
}

// writeModels writes model_list.
func (c *converter) writeModels() {
	c.doc.WriteString("model_list:\n")
	for _, e := range c.entries {
		for _, m := range e.models {
			c.writeModel(group(e.name, m.name), e, m)
		}
	}
}

// writeModel writes one entry of model_list.
func (c *converter) writeModel(name string, e entry, m model) {
	prefix, base := e.target()
	at := fmt.Sprintf("model_list[%d]", c.count)
	c.count++
	c.recordPlace(at, m.path)
	fmt.Fprintf(&c.doc, "  - model_name: %s\n    litellm_params:\n      model: %s\n", quote(name), quote(prefix+m.name))
	c.recordPlace(at+".litellm_params.model", m.path)
	if base != "" {
		fmt.Fprintf(&c.doc, "      api_base: %s\n", quote(base))
		c.recordPlace(at+".litellm_params.api_base", append(e.path[:len(e.path):len(e.path)], "api_base_url"))
	}
	if e.key != "" {
		fmt.Fprintf(&c.doc, "      api_key: %s\n", quote(convertReference(e.key)))
		c.recordPlace(at+".litellm_params.api_key", append(e.path[:len(e.path):len(e.path)], "api_key"))
	}
}

// target returns the prefix that litellm_params.model has for a provider, and the api_base
// of its requests.
func (e entry) target() (prefix, base string) {
	base = strings.TrimRight(e.base, "/")
	if e.anthropic {
		return "anthropic/", strings.TrimSuffix(strings.TrimSuffix(base, "/messages"), "/v1")
	}
	for _, suffix := range [...]string{"/chat/completions", "/responses", "/models"} {
		base = strings.TrimSuffix(base, suffix)
	}
	if u, err := url.Parse(base); err == nil {
		if row, ok := provider.FindByHost(u.Host); ok {
			return row.Prefix + "/", base
		}
	}
	return "openai/", base
}

// roles are the keys of Router: each has the model for one kind of request.
var roles = []string{"default", "background", "think", "longContext", "webSearch", "image"}

// writeRoutes writes the models of Router: each role becomes an alias, and default and
// background also get patterns for the names that Claude Code asks for.
func (c *converter) writeRoutes() {
	router, _ := c.root.Field("Router")
	aliases := map[string]string{}
	for _, role := range roles {
		target, ok := c.findRoute(router.Value, role)
		if !ok {
			continue
		}
		aliases[role] = target
		if role != "default" && role != "background" {
			c.warn("route-by-content", []any{"Router", role},
				"requests are not routed by their content: clients ask for the model %q, or for %q", role, target)
		}
	}
	c.out.Default, c.out.Fast = aliases["default"], aliases["background"]
	c.writePatterns()
	c.doc.WriteString("router_settings:\n  model_group_alias:\n")
	hasAlias := false
	for _, role := range roles {
		if target := aliases[role]; target != "" {
			fmt.Fprintf(&c.doc, "    %s: {model: %s, hidden: true}\n", quote(role), quote(target))
			c.recordPlace("router_settings.model_group_alias."+role, []any{"Router", role})
			hasAlias = true
		}
	}
	for _, e := range c.entries { // claude-code-router's own spelling: /model provider,model
		for _, m := range e.models {
			fmt.Fprintf(&c.doc, "    %s: {model: %s, hidden: true}\n", quote(e.name+","+m.name), quote(group(e.name, m.name)))
			hasAlias = true
		}
	}
	if !hasAlias {
		text := strings.TrimSuffix(c.doc.String(), "router_settings:\n  model_group_alias:\n")
		c.doc.Reset()
		c.doc.WriteString(text)
	}
	c.writeFallbacks(aliases)
}

// writePatterns writes deployments for the patterns of the names that Claude Code asks for
// unless it is configured otherwise.
func (c *converter) writePatterns() {
	for _, p := range []struct{ pattern, target string }{{"claude-*haiku*", c.out.Fast}, {"claude-*", c.out.Default}} {
		for _, e := range c.entries {
			for _, m := range e.models {
				if group(e.name, m.name) == p.target {
					c.writeModel(p.pattern, e, m)
				}
			}
		}
	}
}

// writeFallbacks writes a fallback of default to the model of longContext for prompts that
// are too long.
func (c *converter) writeFallbacks(aliases map[string]string) {
	from, to := aliases["default"], aliases["longContext"]
	if from != "" && to != "" && from != to {
		fmt.Fprintf(&c.doc, "litellm_settings:\n  context_window_fallbacks:\n    - %s: [%s]\n", quote(from), quote(to))
		c.recordPlace("litellm_settings.context_window_fallbacks", []any{"Router", "longContext"})
	}
}

// findRoute returns the group for a role, whose value in Router is "provider,model".
func (c *converter) findRoute(router *yamlnode.Node, role string) (target string, ok bool) {
	text := c.text(router, role)
	if text == "" {
		return "", false
	}
	provider, model, _ := strings.Cut(text, ",")
	provider, model = strings.TrimSpace(provider), strings.TrimSpace(model)
	i := slices.IndexFunc(c.entries, func(e entry) bool { return e.name == provider })
	if i < 0 || !c.entries[i].hasModel(model) {
		c.addProblem([]any{"Router", role}, "%q names a provider or a model that Providers does not have", text)
		return "", false
	}
	return group(provider, model), true
}

// hasModel reports whether the provider has a model with this name.
func (e entry) hasModel(name string) bool {
	return slices.ContainsFunc(e.models, func(m model) bool { return m.name == name })
}

// warnIgnored warns of the keys that have no counterpart.
func (c *converter) warnIgnored() {
	for _, f := range c.root.Fields {
		switch f.Key {
		case "PROXY_URL":
			c.warn("setting-without-effect", []any{f.Key}, "set HTTPS_PROXY=%s in the environment instead",
				redact.URL(fmt.Sprint(f.Value.Value)))
		case "CUSTOM_ROUTER_PATH", "transformers", "plugins":
			c.warn("setting-without-effect", []any{f.Key}, "%s names programs, which FlowGate does not run", f.Key)
		}
	}
}

// text returns the text under a key without spaces around it, "" when there is none.
func (c *converter) text(n *yamlnode.Node, key string) string {
	f, _ := n.Field(key)
	if f.Value == nil {
		return ""
	}
	text, _ := f.Value.Value.(string)
	return strings.TrimSpace(text)
}

// convertReference returns a reference $NAME or ${NAME} as os.environ/NAME, which LiteLLM
// reads, and any other text as it is.
func convertReference(text string) string {
	if name, isRef := strings.CutPrefix(text, "$"); isRef && redact.IsReference(text) {
		return "os.environ/" + strings.Trim(name, "{}")
	}
	return text
}

// recordPlace records the place in the file of what the LiteLLM configuration has at path;
// original is its path in the file.
func (c *converter) recordPlace(path string, original []any) {
	c.out.Places[path], _ = c.root.Locate(original)
}

// warn adds a warning about the value at a path of the file.
func (c *converter) warn(code string, path []any, format string, args ...any) {
	at, _ := c.root.Locate(path)
	c.out.Warnings = append(c.out.Warnings, config.Warning{
		Code: code, File: c.file, Path: yamlnode.Dotted(path), Line: at.Line, Column: at.Column,
		Message: fmt.Sprintf(format, args...),
	})
}

// addProblem adds a problem with the value at a path of the file.
func (c *converter) addProblem(path []any, format string, args ...any) {
	at, _ := c.root.Locate(path)
	c.out.Problems = append(c.out.Problems, yamlnode.Problem{Code: "settings-invalid", File: c.file, Line: at.Line,
		Column: at.Column, Path: yamlnode.Dotted(path), Message: yamlnode.Dotted(path) + ": " + fmt.Sprintf(format, args...)})
}

// quote returns a text as a YAML string in double quotes.
func quote(text string) string { return strconv.Quote(text) }
