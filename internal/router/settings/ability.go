package settings

import (
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// readTranslation reads what a translation must know of the upstream.
func readTranslation(d *Deployment, row provider.Provider, info document.Section, isOwn bool) {
	d.TakesEffort, d.ReasoningBack = row.TakesEffort, row.ReturnsReasoning
	d.OldLimitName = row.Rename["max_completion_tokens"] == "max_tokens"
	d.ThoughtsBack, d.RankLimitName = row.ReturnsThoughts, row.Rename["top_n"]
	if strings.Contains(d.Upstream, "gpt-oss") { // its prompt format has the effort, wherever it is served
		d.TakesEffort = true
	}
	d.Adaptive = isAdaptive(d.Upstream)
	if isOwn && (row.Prefix == "openai" || row.Prefix == "azure") { // newer models refuse max_tokens
		d.MaxTokensName, d.TextParts = "max_completion_tokens", true
		d.TakesEffort = slices.ContainsFunc([]string{"gpt-5", "o1", "o3", "o4"},
			func(p string) bool { return strings.HasPrefix(d.Upstream, p) })
	}
	readAbilities(d, info)
}

// readAbilities reads what model_info says of the model, in LiteLLM's words.
func readAbilities(d *Deployment, info document.Section) {
	if count := info.Count("max_output_tokens"); count != nil {
		d.MaxOutputTokens = *count
	}
	if info.Has("supports_reasoning") {
		d.TakesEffort = info.Flag("supports_reasoning")
	}
	d.NoImages = info.Has("supports_vision") && !info.Flag("supports_vision")
	d.NoFiles = info.Has("supports_pdf_input") && !info.Flag("supports_pdf_input")
}

// isAdaptive reports whether a model is one of Anthropic's that decides itself how
// much it thinks: those from Claude 4.6 on. Claude 4.7 refuses a budget.
func isAdaptive(model string) bool {
	_, version, ok := strings.Cut(model, "claude-")
	if !ok {
		return false
	}
	numbers := strings.FieldsFunc(version, func(r rune) bool { return r == '-' || r == '.' || r == '@' || r == ':' })
	for i, text := range numbers {
		major, err := strconv.Atoi(text)
		if err != nil {
			continue
		}
		minor := 0
		if i+1 < len(numbers) && len(numbers[i+1]) < 3 { // a longer one is a date
			minor, _ = strconv.Atoi(numbers[i+1]) // another word counts as 0
		}
		return major < 100 && (major > 4 || major == 4 && minor >= 6)
	}
	return false
}
