package router

import (
	"bytes"
	"net/http"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/estimate"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// countTokens answers a request that only counts tokens: with the upstream's count, else
// with an estimate, as LiteLLM does. It never sends an error, because clients that count
// before they send would stop at one.
func (c *call) countTokens(w http.ResponseWriter) {
	if g := c.walk.Group(); g != nil {
		c.group = g
		a, f := c.walk.CountTokens(g)
		if f != nil && f.ClientGone {
			c.noteFailure(f)
			return
		}
		if a != nil && a.Events == nil && addCountSource(a) {
			c.writer.Deliver(a)
			return
		}
		if a != nil {
			a.Discard()
		}
	}
	w.Header()["X-Litellm-Call-Id"] = []string{c.request.ID}
	if c.request.Dialect.IsGoogle() {
		reply.WriteJSON(w, http.StatusOK, dialect.EncodeJSON(struct {
			TotalTokens int    `json:"totalTokens"`
			Source      string `json:"litellm_count_source"`
		}{estimate.Tokens(c.request.PromptWeight()), "local_estimate"}))
		return
	}
	reply.WriteJSON(w, http.StatusOK, dialect.EncodeJSON(struct {
		InputTokens int    `json:"input_tokens"`
		Source      string `json:"litellm_count_source"`
	}{estimate.Tokens(c.request.PromptWeight()), "local_estimate"}))
}

// addCountSource adds litellm_count_source to an upstream's reply that lacks it. It returns
// false when the reply has no count.
func addCountSource(a *reply.Answer) bool {
	hasCount, hasSource := false, false
	err := splice.Members(a.Body, func(key []byte, start, _ int) bool {
		switch string(key) {
		case "input_tokens", "totalTokens":
			hasCount = a.Body[start] >= '0' && a.Body[start] <= '9'
		case "litellm_count_source":
			hasSource = true
		}
		return true
	})
	if err != nil || !hasCount {
		return false
	}
	a.ModelEnd = 0
	if !hasSource {
		end := bytes.LastIndexByte(a.Body, '}')
		a.Body = append(bytes.TrimRight(a.Body[:end], " \r\n\t"), `,"litellm_count_source":"provider"}`...)
	}
	return true
}
