package failure

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// Classify returns the failure of an upstream's error with LiteLLM's class, type and message
// (measured on 1.106.2). in is the dialect of the request, body the error's body.
func Classify(d *deployment.Deployment, in dialect.Dialect, status int, body string) *Failure {
	e := dialect.ParseError([]byte(body))
	f := &Failure{Status: status, Class: className(d.Kind, status), Deployment: d}
	text := lo.Ternary(in.IsAnthropic(), body, lo.CoalesceOrEmpty(e.Message, body))
	if text == "" {
		text = fmt.Sprintf("The upstream answered %d.", status)
	}
	f.Kind = errorType(status, e.Type)
	f.Retry = status == 403 || status == 408 || status == 409 || status == 429 || status >= 500
	f.Sibling = status == http.StatusUnauthorized
	f.ForeignState = (status == http.StatusBadRequest || status == http.StatusNotFound) && isForeignState(body)
	prefix := "litellm." + f.Class + ": "
	switch {
	case status == 400 && isTooLong(body):
		f.Class, f.TooLong = "ContextWindowExceededError", true
		prefix = "litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: "
	case status == 400 &&
		(strings.Contains(body, "content_policy_violation") || strings.Contains(body, "safety system")):
		f.Class = "ContentPolicyViolationError"
		prefix = "litellm.BadRequestError: litellm.ContentPolicyViolationError: "
	case f.Class == "Timeout":
		prefix += "Timeout Error: "
	case d.Kind == settings.OpenAI && f.Class != "BadRequestError":
		prefix += f.Class + ": "
	}
	f.Text = prefix + d.ExceptionName() + " - " + d.Redact(text)
	return f
}

// className returns LiteLLM's exception class for a status.
func className(k settings.Kind, status int) string {
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
	return lo.Ternary(k == settings.Anthropic && status >= 500, "InternalServerError", "APIError")
}

// errorType returns error.type on OpenAI's routes. upstreamType is the type that the
// upstream's error has.
func errorType(status int, upstreamType string) string {
	switch status {
	case 400, 422:
		return lo.CoalesceOrEmpty(upstreamType, "invalid_request_error")
	case 401:
		return "authentication_error"
	case 403:
		return "permission_error"
	case 429:
		return "throttling_error"
	}
	return lo.Ternary(status >= 500, "internal_server_error", "invalid_request_error")
}

// isForeignState reports whether an error says that the upstream does not know, or cannot
// read, state that another upstream made: encrypted reasoning, a signature of thinking, a
// response.
func isForeignState(body string) bool {
	lower := strings.ToLower(body)
	for _, sign := range [...]string{"invalid_encrypted_content", "encrypted content", "previous_response_not_found",
		"previous response with id", "item with id", "conversation with id", "signature` in `thinking`",
		"signature in thinking", "thought signature", "container_id"} {
		if strings.Contains(lower, sign) {
			return true
		}
	}
	return false
}

// isTooLong reports whether an error says that the prompt does not fit the context window.
func isTooLong(body string) bool {
	for _, sign := range []string{"context_length_exceeded", "maximum context length", "prompt is too long",
		"context window", "Input is too long"} {
		if strings.Contains(body, sign) {
			return true
		}
	}
	return false
}
