package gateway

import (
	"bytes"
	"net/http"
)

// count answers count_tokens: by the upstream if it can, else by an estimate,
// as LiteLLM does, so that clients which count before they send never stop here.
func (c *call) count(g *group) {
	if g != nil {
		a, f := c.tiers(g)
		if f != nil && f.gone {
			return
		}
		if a != nil && a.events == nil {
			a.body, a.end = counted(a.body), 0
			c.deliver(a)
			return
		}
		if a != nil {
			c.discard(a)
		}
	}
	c.w.Header()["X-Litellm-Call-Id"] = []string{c.id}
	writeJSON(c.w, http.StatusOK, encode(struct {
		InputTokens int    `json:"input_tokens"`
		Source      string `json:"litellm_count_source"`
	}{max(1, c.tokens/bytesPerToken), "local_estimate"}))
}

// bytesPerToken is the usual rule of thumb for English text and code.
const bytesPerToken = 4

// counted adds where the number comes from to the upstream's reply.
func counted(body []byte) []byte {
	end := bytes.LastIndexByte(body, '}')
	return append(bytes.TrimRight(body[:end], " \r\n\t,"), `,"litellm_count_source":"provider"}`...)
}

// discard lets go of a stream that nobody asked for.
func (c *call) discard(a *answer) {
	if a.source != nil {
		_ = a.source.Close()
	}
	if a.release != nil {
		a.release()
	}
}
