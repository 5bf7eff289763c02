package router

import (
	"bytes"
	"net/http"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// countPatience is how long an upstream may take to count tokens: clients count
// before they send, and wait for it.
const countPatience = 5 * time.Second

// count answers count_tokens: by the upstream if it can, else by an estimate,
// as LiteLLM does, so that clients which count before they send never stop here.
func (c *call) count(g *group) {
	if g != nil {
		a, f := c.tiers(g)
		if f != nil && f.gone {
			return
		}
		if a != nil && a.events == nil && withCountSource(a) {
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

// withCountSource adds litellm_count_source to an upstream's reply. It returns
// false when the reply holds no count.
func withCountSource(a *answer) bool {
	counted, named := false, false
	err := splice.Members(a.body, func(key []byte, start, _ int) bool {
		switch string(key) {
		case "input_tokens":
			counted = a.body[start] >= '0' && a.body[start] <= '9'
		case "litellm_count_source":
			named = true
		}
		return true
	})
	if err != nil || !counted {
		return false
	}
	a.end = 0
	if !named {
		end := bytes.LastIndexByte(a.body, '}')
		a.body = append(bytes.TrimRight(a.body[:end], " \r\n\t"), `,"litellm_count_source":"provider"}`...)
	}
	return true
}

// discard lets go of a reply that is not the one asked for.
func (c *call) discard(a *answer) {
	if a.source != nil {
		_ = a.source.Close()
	}
	if a.release != nil {
		a.release()
	}
}
