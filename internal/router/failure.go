package router

import (
	"net/http"
	"strconv"
	"time"

	"github.com/samber/lo"
)

// failure is why a request, or one attempt at it, got no answer.
type failure struct {
	status       int           // what the client gets
	class        string        // LiteLLM's exception class; empty when the request itself is at fault
	text         string        // the message without what LiteLLM appends about fallbacks
	kind         string        // error.type on OpenAI routes; empty is null
	param        string        // error.param; empty is null
	suffix       string        // what happened to fallbacks
	repeat       bool          // provider_specific_fields repeats the message
	openAIOnly   bool          // LiteLLM answers OpenAI-shaped even on /v1/messages
	cause        cause         // why the connection failed; empty when the upstream answered
	err          error         // the cause's error, for the log
	retryAfter   time.Duration // what the upstream asked for, or what is left of a cooldown
	window       bool          // retryAfter comes from a rate-limit header
	retry        bool          // another attempt may help
	sibling      bool          // only at a deployment that was not tried yet
	routeMissing bool          // the upstream lacks the route: another deployment may be asked without counting as a retry
	harmless     bool          // says nothing about the deployment's health
	gone         bool          // the client left: nobody reads the answer
	context      bool          // the prompt is too long for the model
	header       http.Header   // the upstream's, for llm_provider-*
	deployment   *Deployment
}

// envelope is an error as clients get it.
type envelope struct {
	Message string
	Type    string // OpenAI routes; empty is null
	Param   string // OpenAI routes; empty is null
	Repeat  bool   // provider_specific_fields.error repeats the message
}

type specific struct {
	Error string `json:"error"`
}

type openAIError struct {
	Message  string    `json:"message"`
	Type     *string   `json:"type"`
	Param    *string   `json:"param"`
	Code     string    `json:"code"`
	Specific *specific `json:"provider_specific_fields,omitempty"`
}

type anthropicError struct {
	Type     string    `json:"type"`
	Message  string    `json:"message"`
	Specific *specific `json:"provider_specific_fields,omitempty"`
}

// body encodes the envelope in the dialect's form.
func (e envelope) body(d dialect, status int) []byte {
	var s *specific
	if e.Repeat {
		s = &specific{e.Message}
	}
	if d.anthropic() {
		return encode(struct {
			Type  string         `json:"type"`
			Error anthropicError `json:"error"`
		}{"error", anthropicError{anthropicType(status), e.Message, s}})
	}
	return encode(struct {
		Error openAIError `json:"error"`
	}{openAIError{e.Message, lo.EmptyableToPtr(e.Type), lo.EmptyableToPtr(e.Param), strconv.Itoa(status), s}})
}

func writeEnvelope(w http.ResponseWriter, d dialect, status int, e envelope) {
	writeJSON(w, status, e.body(d, status))
}

// anthropicType is error.type by status, LiteLLM's words where it has one.
func anthropicType(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case statusOverloaded:
		return "overloaded_error"
	case http.StatusRequestTimeout:
		return "api_error"
	}
	return lo.Ternary(status >= 500, "api_error", "invalid_request_error")
}

// statusOverloaded is what Anthropic answers when it has no capacity.
const statusOverloaded = 529

// badRequest is a failure that the request itself caused.
func badRequest(param, text string) *failure {
	return &failure{status: http.StatusBadRequest, text: text, kind: "invalid_request_error", param: param, harmless: true}
}

// fail answers the client with f.
func (c *call) fail(f *failure) {
	if f.gone {
		return
	}
	c.stopKeepAlive()
	if c.client.committed {
		c.failCommitted(f)
		return
	}
	h := c.w.Header()
	h["X-Litellm-Call-Id"] = []string{c.id}
	repeatHeaders(h, f.header)
	f.deployment.redactHeaders(h)
	if f.deployment != nil {
		h["X-Litellm-Model-Id"] = f.deployment.wire.id
		h["X-Litellm-Model-Group"] = f.deployment.wire.group
	}
	if f.retryAfter > 0 {
		h["Retry-After"] = []string{strconv.Itoa(ceilSeconds(f.retryAfter))}
	}
	d := lo.Ternary(f.openAIOnly, chat, c.dialect)
	writeEnvelope(c.w, d, f.status, envelope{f.text + f.suffix, f.kind, f.param, f.repeat})
}

func ceilSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
