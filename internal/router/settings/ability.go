package settings

import (
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// readTranslation reads what the translation between dialects needs to know of the upstream.
func readTranslation(d *Deployment, row provider.Provider, info document.Section, isOwn bool) {
	d.TakesEffort, d.ReasoningBack = row.TakesEffort, row.ReturnsReasoning
	d.OldLimitName = row.Rename["max_completion_tokens"] == "max_tokens"
	d.DetailsBack = row.ReturnsDetails
	d.ThoughtsBack, d.RankLimitName = row.ReturnsThoughts, row.Rename["top_n"]
	if strings.Contains(d.Upstream, "gpt-oss") { // the effort is part of its prompt format, wherever it is served
		d.TakesEffort = true
	}
	d.Adaptive = isAdaptive(d.Upstream)
	d.NoOutputFormat = !takesFormat(d.Upstream)
	d.CachePoints = d.AWS != nil && takesCachePoints(d.Upstream)
	d.CacheHour = d.AWS != nil && takesCacheHour(d.Upstream)
	if isOwn && (row.Prefix == "openai" || row.Prefix == "azure") { // newer models refuse max_tokens
		d.MaxTokensName, d.TextParts = "max_completion_tokens", true
		d.TakesEffort = thinks(d.Upstream)
	}
	readAbilities(d, info)
}

// thinks reports whether a model of OpenAI's thinks before it answers: o1, o3 …, GPT-5 and
// later ones.
func thinks(model string) bool {
	if rest, ok := strings.CutPrefix(model, "o"); ok {
		return rest != "" && rest[0] >= '1' && rest[0] <= '9'
	}
	rest, ok := strings.CutPrefix(model, "gpt-")
	if !ok {
		return false
	}
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	version, err := strconv.Atoi(rest[:digits])
	return err == nil && version >= 5
}

// readAbilities reads from model_info what the model can do, in LiteLLM's words.
func readAbilities(d *Deployment, info document.Section) {
	if count := info.Count("max_output_tokens"); count != nil {
		d.MaxOutputTokens = *count
	}
	if info.Has("supports_reasoning") {
		d.TakesEffort = info.Flag("supports_reasoning")
	}
	if info.Has("supports_response_schema") {
		d.NoFormat = !info.Flag("supports_response_schema")
		d.NoOutputFormat = d.NoFormat
	}
	for _, key := range [...]string{"supports_prompt_caching", "supports_prompt_cache_breakpoint"} {
		if info.Has(key) {
			d.CachePoints = d.AWS != nil && info.Flag(key)
		}
	}
	d.NoImages = info.Has("supports_vision") && !info.Flag("supports_vision")
	d.NoFiles = info.Has("supports_pdf_input") && !info.Flag("supports_pdf_input")
}

// isAdaptive reports whether a model of Anthropic's decides itself how much it thinks:
// Claude 4.6 and later ones. Claude 4.7 refuses a budget.
func isAdaptive(model string) bool {
	major, minor := claudeVersion(model)
	return major > 4 || major == 4 && minor >= 6
}

// takesFormat reports whether a model of Anthropic's accepts output_config.format: Opus
// 4.1, and Claude 4.5 and later ones.
func takesFormat(model string) bool {
	major, minor := claudeVersion(model)
	return major > 4 || major == 4 && (minor >= 5 || minor == 1 && strings.Contains(model, "opus"))
}

// claudeVersion returns the version in the name of a Claude model; zeros for other models.
func claudeVersion(model string) (major, minor int) {
	_, version, ok := strings.Cut(model, "claude-")
	if !ok {
		return 0, 0
	}
	numbers := strings.FieldsFunc(version, func(r rune) bool { return r == '-' || r == '.' || r == '@' || r == ':' })
	for i, text := range numbers {
		major, err := strconv.Atoi(text)
		if err != nil {
			continue
		}
		if major >= 100 { // a date
			return 0, 0
		}
		if i+1 < len(numbers) && len(numbers[i+1]) < 3 { // a longer number is a date
			minor, _ = strconv.Atoi(numbers[i+1]) // a word counts as 0
		}
		return major, minor
	}
	return 0, 0
}
