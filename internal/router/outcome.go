package router

import (
	"log/slog"
	"unicode/utf8"

	"github.com/samber/lo"
)

// answered counts a good answer. A stream counts once, when it has ended; its
// first event is enough for a trial. Counted tokens say nothing.
func (c *call) answered(g *group, a *answer) {
	a.group, a.trial = g, c.trial
	c.trial = nil
	switch {
	case c.dialect == countTokens:
	case a.events == nil:
		c.r.succeeded(a.deployment, a.trial)
	case a.trial != nil:
		c.r.passed(a.deployment, a.trial)
	}
}

// attemptFailed counts and logs an attempt that got no answer.
func (c *call) attemptFailed(g *group, d *Deployment, f *failure) {
	t := c.trial
	c.trial = nil
	if f.gone {
		d.state.release(t)
		return
	}
	c.logFailure("attempt failed", d, f)
	c.r.failed(g, d, f, t)
}

// streamEnded counts a stream at its end. One that the client left, or did not
// take, is not counted.
func (c *call) streamEnded(a *answer, end streamEnd) {
	switch {
	case a.group == nil: // counted tokens
	case end.how == streamComplete:
		c.r.succeeded(a.deployment, nil)
	case end.f != nil && !end.f.gone:
		c.logFailure("stream failed", a.deployment, end.f)
		c.r.failed(a.group, a.deployment, end.f, a.trial)
	}
}

// maxLoggedClient is the longest User-Agent that is logged, in bytes.
const maxLoggedClient = 100

// logFailure logs why d did not answer, which route and client it concerns,
// and the error itself without credentials.
func (c *call) logFailure(message string, d *Deployment, f *failure) {
	agent := c.req.UserAgent()
	if len(agent) > maxLoggedClient {
		agent = agent[:maxLoggedClient]
	}
	attrs := []any{"deployment", d.ID, "group", d.Group, "status", f.status, "class", f.class,
		"route", specs[c.dialect].inbound, "client", lo.Ternary(utf8.ValidString(agent), agent, "?"), "remote", c.req.RemoteAddr, "call_id", c.id}
	if f.cause != "" {
		attrs = append(attrs, "cause", string(f.cause))
	}
	if f.err != nil {
		attrs = append(attrs, "error", c.loggable(d, f.err))
	}
	c.r.opts.Logger.Log(c.req.Context(), slog.LevelWarn, message, attrs...)
}

// loggable is the text of an error without the deployment's key, the
// credentials in addresses, and a proxy's address that could not be parsed.
func (c *call) loggable(d *Deployment, err error) string {
	if hasText(err, "invalid proxy") {
		return "the environment holds an address of a proxy that is not valid"
	}
	return withoutCredentials(d.redact(err.Error()))
}
