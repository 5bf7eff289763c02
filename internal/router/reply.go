package router

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/samber/lo"
)

// deliver hands a good answer to the client.
func (c *call) deliver(a *answer) {
	if a.events != nil {
		defer a.release()
		defer a.source.Close()
		c.streamEnded(a, c.copyStream(a))
		return
	}
	c.stopKeepAlive()
	if c.client.committed {
		c.deliverAsStream(a)
		return
	}
	c.announce(a)
	h := c.w.Header()
	h["Content-Type"] = jsonType
	size := len(a.body)
	if a.end > 0 {
		size += len(c.literal) - (a.end - a.start)
	}
	h["Content-Length"] = []string{strconv.Itoa(size)}
	c.w.WriteHeader(lo.CoalesceOrEmpty(a.status, http.StatusOK))
	if a.end > 0 {
		c.writeWhole(a.body[:a.start], c.literal, a.body[a.end:])
		return
	}
	c.writeWhole(a.body)
}

// deliverAsStream hands a whole reply to a client whose stream has begun with
// keep-alives.
func (c *call) deliverAsStream(a *answer) {
	body := a.body
	if a.end > 0 {
		body = slices.Concat(body[:a.start], c.literal, body[a.end:])
	}
	if c.out = restream(c.dialect, body); c.out == nil {
		c.failCommitted(c.wholeAfterKeepAlive(a.deployment))
		return
	}
	c.sendLast()
}

// announce sets the headers that say who answered.
func (c *call) announce(a *answer) {
	h := c.w.Header()
	h["X-Litellm-Call-Id"] = []string{c.id}
	h["X-Litellm-Model-Id"] = a.deployment.wire.id
	h["X-Litellm-Model-Group"] = a.deployment.wire.group
	h["X-Litellm-Model-Name"] = a.deployment.wire.model
	h["X-Litellm-Attempted-Retries"] = number(c.retries)
	h["X-Litellm-Attempted-Fallbacks"] = digits[lo.Ternary(c.fellBack, 1, 0)] // LiteLLM says 1 however many
	if c.retries > 0 {
		h["X-Litellm-Max-Retries"] = number(c.budget)
	}
	repeatHeaders(h, a.header)
	a.deployment.redactHeaders(h)
}

func number(n int) []string {
	if n < len(digits) {
		return digits[n]
	}
	return []string{strconv.Itoa(n)}
}
