// Package price knows what models cost and how long their prompts may be, from the table
// that LiteLLM publishes (model_prices_and_context_window.json, MIT: LICENSE.litellm). Call
// Builtin, or Open for a newer table that usage:prices has fetched; then Table.Cost.
//
// It never guesses: a model that is not in the table has no price. Prices are those of
// requests without a service tier, outside of off-peak hours.
package price

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"

	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// Table is a table of models. It is safe for concurrent use.
type Table struct {
	Info  Info
	lines []byte // of models, sorted: the name, a tab, a JSON object, a line end

	mu    sync.Mutex
	found map[name]*Model // what was looked up; nil: not in the table
}

// Info is where a table is from.
type Info struct {
	Schema string `json:"schema"`
	Source string `json:"source"`          // address or file, without credentials
	Date   string `json:"date,omitempty"`  // when it was fetched, RFC 3339; empty: came with this program
	Models int    `json:"models"`          // how many it has
	Priced int    `json:"priced_by_token"` // how many of them have a price for tokens
}

// name is what a model is looked up by.
type name struct{ provider, model string }

// maxFound bounds how many names are remembered: patterns let clients choose them.
const maxFound = 4096

// Cost returns what a request costs in dollars. known is false for a model without a price for
// tokens, and for tokens that are not known.
func (t *Table) Cost(provider, model string, tokens record.Tokens) (dollars float64, known bool) {
	m, ok := t.Find(provider, model)
	if !ok || !tokens.Known {
		return 0, false
	}
	return m.Cost(tokens)
}

// Find returns a model by the prefix of its provider in LiteLLM's configuration, and by the
// name that its upstream gets. ok is false when the table does not have it.
func (t *Table) Find(provider, model string) (m Model, ok bool) {
	key := name{provider, model}
	t.mu.Lock()
	defer t.mu.Unlock()
	found, isRead := t.found[key]
	if !isRead {
		found = t.look(key)
		if t.found == nil || len(t.found) >= maxFound {
			t.found = map[name]*Model{}
		}
		t.found[key] = found
	}
	if found == nil {
		return Model{}, false
	}
	return *found, true
}

// look looks a model up: with its provider before it, else by its name alone. The latter
// holds for the model's maker, and for the providers by which CLIProxyAPI is reached, which
// serves many makers' models.
func (t *Table) look(key name) *Model {
	model, _, _ := strings.Cut(key.model, "(") // gpt-5(high): CLIProxyAPI's way to name an effort
	if key.provider != "" {
		if m := t.read(key.provider + "/" + model); m != nil {
			return m
		}
	}
	m := t.read(model)
	switch key.provider {
	case "", "openai", "anthropic", "gemini":
		return m
	}
	if m != nil && m.Provider == key.provider {
		return m
	}
	return nil
}

// read returns the model of that name; nil when the table does not have it.
func (t *Table) read(model string) *Model {
	from, to := 0, len(t.lines)
	for from < to {
		start := from + (to-from)/2
		start = from + bytes.LastIndexByte(t.lines[from:start], '\n') + 1
		end := start + bytes.IndexByte(t.lines[start:], '\n')
		key, object, _ := bytes.Cut(t.lines[start:end], []byte{'\t'})
		switch strings.Compare(model, string(key)) {
		case 0:
			m := &Model{Name: model}
			if json.Unmarshal(object, m) != nil {
				return nil // Read has checked it
			}
			return m
		case -1:
			to = start
		default:
			from = end + 1
		}
	}
	return nil
}
