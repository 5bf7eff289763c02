package router

import (
	"bytes"
	"fmt"
	"net/http"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// missingRoutes are the dialects that a deployment's upstream turned out not to
// serve. They are remembered until the settings are loaded again.
type missingRoutes [dialects]atomic.Bool

// serves reports whether the deployment may be asked in a dialect.
func (d *Deployment) serves(in dialect) bool { return d.Kind.speaks(in) && !d.missingRoutes[in].Load() }

// isRouteMissing reports whether an upstream's refusal means that it does not
// have the route at all: 405, or a 404 that is not about a model or another
// object that the request names.
func isRouteMissing(status int, body []byte, d *Deployment) bool {
	return status == http.StatusMethodNotAllowed || status == http.StatusNotFound && !namesModel(body, d) && !namesObject(body)
}

// deniesRoute reports whether an error with status 200 says that the upstream
// does not have the route, as LM Studio says it.
func deniesRoute(body []byte) bool {
	return bytes.Contains(bytes.ToLower(body), []byte("unexpected endpoint or method"))
}

func namesModel(body []byte, d *Deployment) bool {
	low := bytes.ToLower(body)
	for _, sign := range [...]string{"model", "deploymentnotfound", "no endpoints found"} { // the last is OpenRouter's
		if bytes.Contains(low, []byte(sign)) {
			return true
		}
	}
	return hasWord(low, bytes.ToLower([]byte(d.Upstream)))
}

// hasWord reports whether word stands in text, and not as a part of a longer
// word: a model may be called o3 or m.
func hasWord(text, word []byte) bool {
	for from := 0; len(word) > 0; {
		at := bytes.Index(text[from:], word)
		if at < 0 {
			return false
		}
		from += at + 1
		before, _ := utf8.DecodeLastRune(text[:from-1])
		after, _ := utf8.DecodeRune(text[from-1+len(word):])
		if !isWordRune(before) && !isWordRune(after) {
			return true
		}
	}
	return false
}

func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_'
}

// namesObject reports whether a 404 is about something that the client sent the
// id of: Codex repeats items that the provider did not keep.
func namesObject(body []byte) bool {
	low := bytes.ToLower(body)
	for _, sign := range [...]string{"with id", "previous_response", "resp_", "conv_", "file-", "file_id", "file object", "vector_store", "vector store", "pmpt_", "conversation", "container", "cntr_"} {
		if bytes.Contains(low, []byte(sign)) {
			return true
		}
	}
	return false
}

// routeMissing remembers that d has no such route and is the failure for it. It
// is 400: of a 404 Claude Code says that the model is wrong, and Codex repeats it.
func (c *call) routeMissing(d *Deployment, status int, body []byte) *failure {
	if !d.missingRoutes[c.dialect].Swap(true) {
		c.r.opts.Logger.Warn("the upstream lacks a route; it is not asked for it again", "deployment", d.ID, "group", d.Group,
			"route", specs[c.dialect].inbound, "status", status)
	}
	f := c.classify(d, http.StatusBadRequest, shorten(d.redact(string(body))))
	f.harmless, f.sibling, f.routeMissing = true, true, true
	f.text += "\n\n" + d.withoutRoute(c.dialect)
	return f
}

// withoutRoute says what a deployment cannot serve and what to do.
func (d *Deployment) withoutRoute(in dialect) string {
	return fmt.Sprintf("The upstream of deployment %q does not serve %s, and requests are not translated into another dialect: use a route that it serves, or correct its api_base.",
		d.ID, specs[in].inbound)
}
