package settings

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// Kind is the family of interfaces that an upstream has.
type Kind int

// The kinds of upstream.
const (
	OpenAI    Kind = iota // OpenAI-compatible; Anthropic's messages too where the upstream has them
	Anthropic             // Anthropic's messages only
)

// Speaks reports whether an upstream of the kind can have the dialect at all.
func (k Kind) Speaks(d dialect.Dialect) bool { return k == OpenAI || d.IsAnthropic() }

// provider is one row of the provider table.
type provider struct {
	name        string   // the prefix of litellm_params.model
	kind        Kind     // the interfaces that it has
	base        string   // its public address
	keyVariable string   // the environment variable that usually holds its key
	models      []string // how names of its models begin that have no prefix
}

// providers is the provider table. Every other provider needs an api_base and is
// taken for OpenAI-compatible.
var providers = [...]provider{
	{"openai", OpenAI, "https://api.openai.com/v1", "OPENAI_API_KEY", []string{"gpt-", "chatgpt-", "o1", "o3", "o4",
		"text-embedding-"}},
	{"anthropic", Anthropic, "https://api.anthropic.com", "ANTHROPIC_API_KEY", []string{"claude-"}},
}

// findProvider returns the row of a provider. The row of one that is not in the
// table has only its name.
func findProvider(name string) provider {
	for _, p := range providers {
		if p.name == name {
			return p
		}
	}
	return provider{name: name}
}

// guessProvider returns the provider of a model name without a prefix, as LiteLLM
// does by its table of models; empty when it is unknown.
func guessProvider(model string) string {
	for _, p := range providers {
		if slices.ContainsFunc(p.models, func(prefix string) bool { return strings.HasPrefix(model, prefix) }) {
			return p.name
		}
	}
	return ""
}
