package scaffold_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/flowgate-go/flowgate/internal/usage/price"
)

// TestTheModelsThatInitWritesAreInTheTableOfPrices compares models.txt with the table that
// LiteLLM publishes. It has none of OpenRouter's models.
func TestTheModelsThatInitWritesAreInTheTableOfPrices(t *testing.T) {
	t.Parallel()
	table, err := price.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, prefix := range provider.Names() {
		u, err := scaffold.FindUpstream(prefix, "", empty)
		if err != nil || prefix == "openrouter" {
			continue
		}
		for _, model := range u.KnownModels() {
			compared++
			m, ok := table.Find(prefix, model)
			if !ok && prefix == "cohere" {
				m, ok = table.Find("cohere_chat", model)
			}
			if !ok || m.Mode != "chat" || m.DeprecationDate != "" {
				t.Errorf("the table does not have %s of %s as a chat model that stays: %+v; correct models.txt", model, prefix, m)
			}
		}
	}
	if compared < 25 {
		t.Errorf("only %d models were compared", compared)
	}
}
