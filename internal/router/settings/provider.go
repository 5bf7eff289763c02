package settings

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// Kind is the kind of interface that an upstream has.
type Kind int

// The kinds of upstream.
const (
	OpenAI    Kind = iota // OpenAI-compatible, perhaps with Anthropic's messages too
	Anthropic             // Anthropic's messages only
)

// providers caches rows of the provider table by their prefixes.
type providers map[string]provider.Provider

// find returns the row of a prefix. For a prefix that is not in the table, the row has
// only the prefix.
func (p providers) find(prefix string) provider.Provider {
	row, isRead := p[prefix]
	if !isRead {
		row, _ = provider.Find(prefix)
		row.Prefix = prefix
		p[prefix] = row
	}
	return row
}

// splitModel returns the provider's prefix and the name that the upstream gets.
// responsesOnly is set by names such as azure/responses/gpt-5, which LiteLLM sends to
// the responses route.
func splitModel(model string, params document.Section) (prefix, name string, responsesOnly bool) {
	prefix, name, _ = strings.Cut(model, "/")
	if name == "" {
		prefix, name = guessProvider(model), model
	}
	if p := params.Word("custom_llm_provider"); p != "" {
		prefix, name = p, strings.TrimPrefix(model, p+"/")
	}
	if prefix == "azure" || prefix == "openai" {
		name, responsesOnly = strings.CutPrefix(name, "responses/")
	}
	return prefix, name, responsesOnly
}

// guessProvider returns the prefix of the provider of a model name that has no prefix;
// empty when unknown. LiteLLM has a table of models for that.
func guessProvider(model string) string {
	for _, p := range [...]struct {
		prefix string
		models []string
	}{
		{"openai", []string{"gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-", "dall-e-", "whisper-", "tts-",
			"omni-moderation-"}},
		{"anthropic", []string{"claude-"}},
	} {
		if slices.ContainsFunc(p.models, func(prefix string) bool { return strings.HasPrefix(model, prefix) }) {
			return p.prefix
		}
	}
	return ""
}

// dialectsOf returns the dialects that the servers of a provider have.
func dialectsOf(row provider.Provider) (all dialect.Set) {
	for _, route := range row.Speaks {
		all |= dialect.SetOf(dialectsOfRoute(route)...)
	}
	return all
}

// dialectsOfRoute returns the dialects for which a word stands in speaks, of a provider
// or of model_info; nil for an unknown word.
func dialectsOfRoute(word string) []dialect.Dialect {
	switch word {
	case provider.Chat:
		return []dialect.Dialect{dialect.Chat}
	case provider.Completions:
		return []dialect.Dialect{dialect.Completions}
	case provider.Embeddings:
		return []dialect.Dialect{dialect.Embeddings}
	case provider.Responses:
		return []dialect.Dialect{dialect.Responses}
	case provider.Compact:
		return []dialect.Dialect{dialect.Compact}
	case provider.Messages:
		return []dialect.Dialect{dialect.Messages, dialect.CountTokens}
	case provider.Gemini:
		return []dialect.Dialect{dialect.Gemini, dialect.GeminiCount}
	case provider.Images:
		return []dialect.Dialect{dialect.ImageGenerations, dialect.ImageEdits, dialect.ImageVariations}
	case provider.Audio:
		return []dialect.Dialect{dialect.Speech, dialect.Transcriptions, dialect.Translations}
	case provider.Speech:
		return []dialect.Dialect{dialect.Speech}
	case provider.Transcripts:
		return []dialect.Dialect{dialect.Transcriptions, dialect.Translations}
	case provider.Rerank:
		return []dialect.Dialect{dialect.Rerank}
	case provider.Converse:
		return []dialect.Dialect{dialect.Converse}
	case provider.Moderations:
		return []dialect.Dialect{dialect.Moderations}
	}
	return nil
}
