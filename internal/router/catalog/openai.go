package catalog

import (
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// created is the time of creation that LiteLLM gives every model, in seconds since 1970.
const created = 1677610602

// openAIModel is one line of GET /v1/models. LiteLLM's owned_by is always "openai".
type openAIModel struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// newOpenAIModel returns the line of a model.
func newOpenAIModel(id string) openAIModel {
	return openAIModel{ID: id, Object: "model", Created: created, OwnedBy: "openai"}
}

// OpenAI returns the body of GET /v1/models in OpenAI's form.
func (c *Catalog) OpenAI() []byte {
	return dialect.EncodeJSON(struct {
		Data   []openAIModel `json:"data"`
		Object string        `json:"object"`
	}{lo.Map(c.models, func(m model, _ int) openAIModel { return newOpenAIModel(m.name) }), "list"})
}

// OpenAIModel returns the body of GET /v1/models/ID in OpenAI's form; ok is false for a
// model that is not listed.
func (c *Catalog) OpenAIModel(id string) (body []byte, ok bool) {
	_, ok = c.find(id)
	return dialect.EncodeJSON(newOpenAIModel(strings.Trim(id, "/"))), ok
}
