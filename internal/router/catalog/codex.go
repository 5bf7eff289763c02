package catalog

import (
	_ "embed"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// instructions is the system prompt that Codex uses for models it does not know. Every entry
// of the catalogue must have one.
//
//go:embed codex_instructions.md
var instructions string

// codexModel is an entry of Codex's catalogue of models. It has every field that Codex has
// required since version 0.105, with the values that Codex uses for unknown models.
type codexModel struct {
	Slug                       string          `json:"slug"`
	DisplayName                string          `json:"display_name"`
	Description                *string         `json:"description"`
	SupportedReasoningLevels   []string        `json:"supported_reasoning_levels"`
	ShellType                  string          `json:"shell_type"`
	Visibility                 string          `json:"visibility"`
	SupportedInAPI             bool            `json:"supported_in_api"`
	Priority                   int             `json:"priority"`
	ServiceTiers               []string        `json:"service_tiers"`
	AvailabilityNux            *string         `json:"availability_nux"`
	Upgrade                    *string         `json:"upgrade"`
	SupportVerbosity           bool            `json:"support_verbosity"`
	SupportsReasoningSummaries bool            `json:"supports_reasoning_summaries"`
	SupportsParallelToolCalls  bool            `json:"supports_parallel_tool_calls"`
	DefaultVerbosity           *string         `json:"default_verbosity"`
	ApplyPatchToolType         *string         `json:"apply_patch_tool_type"`
	TruncationPolicy           codexTruncation `json:"truncation_policy"`
	ExperimentalSupportedTools []string        `json:"experimental_supported_tools"`
	ContextWindow              *int            `json:"context_window"`
	BaseInstructions           string          `json:"base_instructions"`
}

// codexTruncation says how much of a tool's output Codex keeps.
type codexTruncation struct {
	Mode  string `json:"mode"`
	Limit int    `json:"limit"`
}

// maxCodexList is the size in bytes of the longest list that Codex accepts. It ignores a
// longer list entirely.
const maxCodexList = 1 << 20

// Codex returns the body of GET /v1/models?client_version=…, by which Codex asks for its
// catalogue: the models that it can talk to, with their context windows. Models at
// the end that would make the list too long for Codex are left out.
func (c *Catalog) Codex() []byte {
	body := []byte(`{"models":[`)
	for i := range c.models {
		m := &c.models[i]
		if !m.isChat() {
			continue
		}
		entry := dialect.EncodeJSON(codexModel{Slug: m.name, DisplayName: m.displayName(), ShellType: "unified_exec",
			Visibility: "list", SupportedInAPI: true, Priority: i, SupportedReasoningLevels: []string{},
			ServiceTiers: []string{}, ExperimentalSupportedTools: []string{}, TruncationPolicy: codexTruncation{"bytes", 10_000},
			ContextWindow: lo.EmptyableToPtr(c.windowOf(m)), BaseInstructions: instructions,
			SupportsParallelToolCalls: m.supports("supports_parallel_function_calling")})
		if len(body)+len(entry)+len(",]}") > maxCodexList {
			break
		}
		if body[len(body)-1] != '[' {
			body = append(body, ',')
		}
		body = append(body, entry...)
	}
	return append(body, "]}"...)
}

// UseWindows has Codex and Window say how many tokens a model can read where its model_info does
// not: what known returns for the provider's prefix and the name that the upstream gets, 0 for
// what it does not know.
func (c *Catalog) UseWindows(known func(provider, model string) int) { c.window = known }

// Window returns how many tokens the model with this id can read: the smallest number of its
// deployments, which may all get the request, by max_input_tokens of their model_info, else by
// what UseWindows knows; 0 when none says.
func (c *Catalog) Window(id string) int {
	m, _ := c.find(id)
	return c.windowOf(&m)
}

// windowOf is Window for a model.
func (c *Catalog) windowOf(m *model) int {
	least := 0
	for _, d := range m.deployments {
		n, ok := numberOf(d.Info["max_input_tokens"])
		if !ok && c.window != nil {
			n = c.window(d.Provider, d.Upstream)
		}
		if n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}
