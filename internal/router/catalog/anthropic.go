package catalog

import (
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// anthropicModel is one line of GET /v1/models in Anthropic's form. The limits are null
// where model_info has none.
type anthropicModel struct {
	Type           string `json:"type"` // "model"
	ID             string `json:"id"`
	SourceModel    string `json:"source_model,omitempty"` // the group that a picker's name stands for
	DisplayName    string `json:"display_name"`
	CreatedAt      string `json:"created_at"`
	MaxInputTokens *int   `json:"max_input_tokens"`
	MaxTokens      *int   `json:"max_tokens"`
}

// newAnthropicModel returns the line of a model under an id, which is its name or another one.
func newAnthropicModel(m *model, id string) anthropicModel {
	line := anthropicModel{Type: "model", ID: id, DisplayName: m.displayName(), CreatedAt: "2023-02-28T18:56:42Z",
		MaxInputTokens: m.smallest("max_input_tokens"), MaxTokens: m.smallest("max_output_tokens")}
	if id != m.name {
		line.SourceModel = m.name
	}
	return line
}

// longContext is the number of input tokens from which Claude Code calls a context long.
const longContext = 1_000_000

// Page is the part of a list that a client asks for.
type Page struct {
	Limit  int    // how many lines it may have; 0: all
	After  string // the id of the last line before the part
	Before string // the id of the first line after the part
}

// Anthropic returns the body of GET /v1/models in Anthropic's form. Claude Code's picker
// shows only ids that begin with claude or anthropic, and assumes a long context only if the
// id ends with a mark. So a chat model whose name lacks these has a second line with an id
// that has them, which stands for the same group.
func (c *Catalog) Anthropic(p Page) []byte {
	var lines []anthropicModel
	for i := range c.models {
		lines = append(lines, newAnthropicModel(&c.models[i], c.models[i].name))
	}
	for i := range c.models {
		m := &c.models[i]
		id := lo.CoalesceOrEmpty(m.pickerName, m.name)
		if limit := m.smallest("max_input_tokens"); limit != nil && *limit >= longContext {
			id += settings.LongContextMark
		}
		if id != m.name && m.isChat() {
			lines = append(lines, newAnthropicModel(m, id))
		}
	}
	lines, hasMore := p.cut(lines)
	list := struct {
		Data    []anthropicModel `json:"data"`
		HasMore bool             `json:"has_more"`
		FirstID *string          `json:"first_id"`
		LastID  *string          `json:"last_id"`
	}{Data: lines, HasMore: hasMore}
	if len(lines) > 0 {
		list.FirstID, list.LastID = &lines[0].ID, &lines[len(lines)-1].ID
	}
	return dialect.EncodeJSON(list)
}

// cut returns the lines of the page, and whether more lines follow in its direction. It
// ignores an After or Before that is not the id of a line.
func (p Page) cut(lines []anthropicModel) (page []anthropicModel, hasMore bool) {
	indexOf := func(id string) int {
		return slices.IndexFunc(lines, func(m anthropicModel) bool { return m.ID == id })
	}
	page = append([]anthropicModel{}, lines...) // an empty list is not null
	if i := indexOf(p.Before); i >= 0 {
		page = page[:i]
		if p.Limit > 0 && p.After == "" && len(page) > p.Limit {
			return page[len(page)-p.Limit:], true
		}
	}
	if i := indexOf(p.After); i >= 0 {
		page = page[min(i+1, len(page)):]
	}
	if p.Limit > 0 && len(page) > p.Limit {
		return page[:p.Limit], true
	}
	return page, false
}

// AnthropicModel returns the body of GET /v1/models/ID in Anthropic's form; ok is false
// for a model that is not listed.
func (c *Catalog) AnthropicModel(id string) (body []byte, ok bool) {
	m, ok := c.find(id)
	return dialect.EncodeJSON(newAnthropicModel(&m, strings.Trim(id, "/"))), ok
}
