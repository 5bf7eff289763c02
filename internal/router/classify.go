package router

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/samber/lo"
)

// classify names an upstream's failure as LiteLLM does (measured on 1.106.2).
func (c *call) classify(d *Deployment, status int, body string) *failure {
	e := parseError([]byte(body))
	f := &failure{status: status, class: className(d.Kind, status), deployment: d}
	text := lo.Ternary(c.dialect.anthropic(), body, lo.CoalesceOrEmpty(e.Message, body))
	if text == "" {
		text = fmt.Sprintf("upstream answered %d", status)
	}
	f.kind = errorType(status, e.Type)
	f.retry = status == 403 || status == 408 || status == 409 || status == 429 || status >= 500
	f.sibling = status == http.StatusUnauthorized
	prefix := "litellm." + f.class + ": "
	switch {
	case status == 400 && tooLong(body):
		f.class, f.context = "ContextWindowExceededError", true
		prefix = "litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: "
	case status == 400 && (strings.Contains(body, "content_policy_violation") || strings.Contains(body, "safety system")):
		f.class = "ContentPolicyViolationError"
		prefix = "litellm.BadRequestError: litellm.ContentPolicyViolationError: "
	case f.class == "Timeout":
		prefix += "Timeout Error: "
	case d.Kind == OpenAI && f.class != "BadRequestError":
		prefix += f.class + ": "
	}
	f.text = prefix + exception(d) + " - " + d.redact(text)
	return f
}

func exception(d *Deployment) string {
	return lo.Ternary(d.Kind == Anthropic, "AnthropicException", "OpenAIException")
}

func className(k Kind, status int) string {
	switch status {
	case 400, 422:
		return "BadRequestError"
	case 401:
		return "AuthenticationError"
	case 404:
		return "NotFoundError"
	case 408, 504:
		return "Timeout"
	case 429:
		return "RateLimitError"
	case 500:
		return "InternalServerError"
	case 502:
		return "BadGatewayError"
	case 503:
		return "ServiceUnavailableError"
	}
	return lo.Ternary(k == Anthropic && status >= 500, "InternalServerError", "APIError")
}

// errorType is error.type on OpenAI routes.
func errorType(status int, own string) string {
	switch status {
	case 400, 422:
		return lo.CoalesceOrEmpty(own, "invalid_request_error")
	case 401:
		return "authentication_error"
	case 403:
		return "permission_error"
	case 429:
		return "throttling_error"
	}
	return lo.Ternary(status >= 500, "internal_server_error", "invalid_request_error")
}

func tooLong(body string) bool {
	for _, sign := range []string{"context_length_exceeded", "maximum context length", "prompt is too long", "context window"} {
		if strings.Contains(body, sign) {
			return true
		}
	}
	return false
}
