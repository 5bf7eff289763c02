package scaffold

import (
	"cmp"
	_ "embed" // the models
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/rewrite"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

//go:embed models.txt
var modelTable string

// Upstream is a provider of models that init sets up.
type Upstream struct {
	Name string // as the user types it: "openrouter", "lmstudio"
	provider.Provider
	Local bool // a server on this machine, which lists its models
	moved bool // Base is not the provider's own address, and has to be written
}

// localServers are the model servers that people run themselves: the name for -upstream, the
// prefix of the provider and the address that the server listens on by default.
var localServers = []struct{ name, prefix, base string }{
	{"ollama", "ollama", "http://127.0.0.1:11434"},
	{"lmstudio", "lm_studio", "http://127.0.0.1:1234/v1"},
	{"vllm", "hosted_vllm", "http://127.0.0.1:8000/v1"},
	{"llamafile", "llamafile", "http://127.0.0.1:8080/v1"},
}

// IsRuntime reports whether -upstream names one of FlowGate's own upstreams.
func IsRuntime(name string) bool {
	return name == "" || name == config.RuntimeEcho || name == config.RuntimeCLIProxyAPI
}

// FindUpstream returns the provider that -upstream names. address is the upstream's address;
// "" for that of LiteLLM's variable, such as OLLAMA_API_BASE, where the provider is a local
// server or has no address of its own, else for the provider's own. Faults: provider-unknown,
// provider-unsupported, address-missing.
func FindUpstream(name, address string, getenv func(string) string) (Upstream, error) {
	if local, ok := findLocalServer(name, address, getenv); ok {
		return local, nil
	}
	row, ok := provider.Find(name)
	if !ok {
		row, ok = provider.Find(strings.ReplaceAll(name, "-", "_"))
	}
	switch known := upstreamNames(); {
	case !ok:
		return Upstream{}, fault.Usage("provider-unknown", "unknown -upstream=%s", name).
			WithHint("%s", suggest.HintBefore("docs/providers.md lists them, and echo and cliproxyapi", name, known))
	case row.SignIn != "":
		return Upstream{}, fault.Usage("provider-unsupported", "%s is a subscription, which CLIProxyAPI signs in to", name).
			WithHint("mage init -upstream=cliproxyapi")
	case row.Unsupported:
		return Upstream{}, fault.Usage("provider-unsupported", "the embedded router does not speak to %s", name).
			WithHint("the real LiteLLM does: mage init -runtime=litellm")
	}
	if row.Cloud != "" {
		return Upstream{}, fault.Usage("provider-unsupported", "-upstream cannot set up %s, which needs an account", name).
			WithHint("write the entry yourself: docs/bedrock.md and docs/vertex.md have examples")
	}
	if row.Base == "" {
		address = cmp.Or(address, firstBase(row, getenv))
	}
	if address != "" {
		row.Base = address
	}
	if row.Base == "" {
		return Upstream{}, fault.Usage("address-missing", "%s has no address of its own", name).
			WithHint("name the server's with -address=https://HOST/v1")
	}
	return Upstream{Name: name, Provider: row, moved: address != ""}, nil
}

// findLocalServer returns the server of this machine that -upstream names; ok is false when it names none.
func findLocalServer(name, address string, getenv func(string) string) (local Upstream, ok bool) {
	for _, s := range localServers {
		if name == s.name || strings.ReplaceAll(name, "-", "_") == s.prefix {
			row, _ := provider.Find(s.prefix)
			row.Base = s.base
			if address = cmp.Or(address, firstBase(row, getenv)); address != "" {
				row.Base = address
			}
			return Upstream{Name: s.name, Provider: row, Local: true, moved: address != ""}, true
		}
	}
	return Upstream{}, false
}

// firstBase returns the value of the first variable of a provider's address that is set.
func firstBase(row provider.Provider, getenv func(string) string) string {
	address, _ := provider.FirstSet(row.BaseVariables, getenv)
	return address
}

// upstreamNames returns the names that -upstream can have.
func upstreamNames() []string {
	names := append(provider.Names(), config.RuntimeEcho, config.RuntimeCLIProxyAPI)
	for _, s := range localServers {
		names = append(names, s.name)
	}
	return names
}

// KnownModels returns the models that init writes for a provider: the model for most requests
// and the small one; none when models.txt has none.
func (u Upstream) KnownModels() []string {
	for line := range strings.Lines(modelTable) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == u.Prefix {
			return words[1:]
		}
	}
	return nil
}

// Source returns the Source of a configuration with a provider's models: the first is for
// most requests, the last for small ones. key is "" when the provider needs none.
func (u Upstream) Source(models []string, key string) Source {
	s := Source{Title: "Written for " + u.Name + "; other models: docs/providers.md.", Default: "router-default"}
	if key != "" {
		s.Secrets = []rewrite.Secret{{Name: u.credentialName(), Value: key}}
	}
	fast := models[len(models)-1]
	var b strings.Builder
	b.WriteString("model_list:\n")
	add := func(group, model, comment string) {
		fmt.Fprintf(&b, "  - model_name: %s%s\n    litellm_params:\n      model: %s\n", quoteYAML(group), comment,
			quoteYAML(u.Prefix+"/"+model))
		if u.moved || u.Local {
			fmt.Fprintf(&b, "      api_base: %s\n", quoteYAML(u.Base))
		}
		if key != "" {
			fmt.Fprintf(&b, "      api_key_ref: %s\n", u.credentialName())
		}
	}
	add("router-default", models[0], " # what most requests use")
	if fast != models[0] {
		s.Fast = "router-cheap"
		add(s.Fast, fast, " # small and fast")
	}
	add(u.Prefix+"/*", "*", " # any other model, by its own name")
	for _, p := range agentPatterns {
		add(p.pattern, p.model(u.Prefix, models[0], fast), " # what "+p.agent+" asks for by itself")
	}
	b.WriteString("general_settings:\n  master_key_ref: gateway # the key that clients present\nlitellm_settings:\n" +
		"  request_timeout: 600 # seconds\n")
	if s.Fast != "" {
		b.WriteString("  fallbacks:\n    - router-default: [router-cheap]\n")
	}
	s.Base = []byte(b.String())
	return s
}

// agentPattern is a pattern of the model names that a coding agent asks for. prefix is the
// provider that has models with such names; isSmall says that they are small ones.
type agentPattern struct {
	pattern, agent, prefix string
	isSmall                bool
}

// model returns the model that serves the pattern at the provider with a prefix: the
// pattern itself when that provider has such names, else main or fast.
func (p agentPattern) model(prefix, main, fast string) string {
	switch {
	case p.prefix == prefix:
		return p.pattern
	case p.isSmall:
		return fast
	}
	return main
}

// agentPatterns are the patterns of the names that coding agents ask for by default.
var agentPatterns = []agentPattern{
	{"claude-*haiku*", "Claude Code", "anthropic", true},
	{"claude-*", "Claude Code", "anthropic", false},
	{"gpt-*", "Codex", "openai", false},
}

// credentialName returns the name of the credential for the provider's key.
func (u Upstream) credentialName() string {
	name := strings.ReplaceAll(u.Prefix, "_", "-")
	if slices.Contains(reservedNames(), name) || name == rewrite.MasterKey {
		return name + "-provider"
	}
	return name
}
