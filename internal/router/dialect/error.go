package dialect

import (
	"net/http"
	"strconv"

	"github.com/samber/lo"
)

// StatusOverloaded is the HTTP status that Anthropic sends when it has no capacity.
const StatusOverloaded = 529

// Error is an error as clients get it.
type Error struct {
	Message string
	Type    string // OpenAI's dialects only; empty: null
	Param   string // OpenAI's dialects only; empty: null
	Repeat  bool   // provider_specific_fields.error repeats the message; not in Google's dialects
	IsOwn   bool   // Type is the router's own word, which Anthropic's dialects have in place of theirs, too
}

// specificFields is provider_specific_fields, which LiteLLM adds to some errors.
type specificFields struct {
	Error string `json:"error"`
}

// openAIError is the member error in OpenAI's dialects.
type openAIError struct {
	Message  string          `json:"message"`
	Type     *string         `json:"type"`
	Param    *string         `json:"param"`
	Code     string          `json:"code"`
	Specific *specificFields `json:"provider_specific_fields,omitempty"`
}

// anthropicError is the member error in Anthropic's dialects.
type anthropicError struct {
	Type     string          `json:"type"`
	Message  string          `json:"message"`
	Specific *specificFields `json:"provider_specific_fields,omitempty"`
}

// googleError is the member error in Google's dialects.
type googleError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"`
}

// Body returns the error as the body of a reply with an HTTP status.
func (e Error) Body(d Dialect, status int) []byte {
	var s *specificFields
	if e.Repeat {
		s = &specificFields{e.Message}
	}
	if d.IsGoogle() {
		return EncodeJSON(struct {
			Error googleError `json:"error"`
		}{googleError{status, e.Message, GoogleStatus(status)}})
	}
	if d.IsAnthropic() {
		word := lo.Ternary(e.IsOwn, e.Type, AnthropicType(status))
		return EncodeJSON(struct {
			Type  string         `json:"type"`
			Error anthropicError `json:"error"`
		}{"error", anthropicError{word, e.Message, s}})
	}
	return EncodeJSON(struct {
		Error openAIError `json:"error"`
	}{openAIError{e.Message, lo.EmptyableToPtr(e.Type), lo.EmptyableToPtr(e.Param), strconv.Itoa(status), s}})
}

// AnthropicType returns Anthropic's error.type for an HTTP status.
func AnthropicType(status int) string {
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
	case StatusOverloaded:
		return "overloaded_error"
	case http.StatusRequestTimeout: // as in LiteLLM
		return "api_error"
	}
	return lo.Ternary(status >= 500, "api_error", "invalid_request_error")
}

// ErrorEvent is an error as the last event of a stream.
type ErrorEvent struct {
	Error
	Status     int    // the HTTP status that stands for the error
	TooLong    bool   // the prompt does not fit the model's context window
	Sequence   int    // Responses: how many events the stream had before
	ResponseID string // Responses: the id of the response
	Model      string // Responses: the model that the response names
	Created    int64  // Responses: seconds since 1970
}

// Encode returns the event in the dialect's form.
func (e ErrorEvent) Encode(d Dialect) []byte {
	switch d {
	case Messages, CountTokens:
		return frame("event: error\ndata: ", Error{Message: e.Message}.Body(d, e.Status))
	case Responses:
		return e.failedResponse()
	case Gemini, GeminiCount: // Google's SDKs recognize an error only without "data:"
		return frame("", Error{Message: e.Message}.Body(d, e.Status))
	}
	return frame("data: ", Error{Message: e.Message, Type: e.Type, Param: e.Param}.Body(d, e.Status))
}

// failedResponse returns the event response.failed.
func (e ErrorEvent) failedResponse() []byte {
	type responseError struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	type response struct {
		ID        string        `json:"id"`
		Object    string        `json:"object"`
		CreatedAt int64         `json:"created_at"`
		Status    string        `json:"status"`
		Error     responseError `json:"error"`
		Model     string        `json:"model"`
		Output    []string      `json:"output"`
	}
	code := "server_error"
	switch {
	case e.TooLong:
		code = "context_length_exceeded"
	case e.Status == http.StatusTooManyRequests:
		code = "rate_limit_exceeded"
	case e.Status < 500:
		code = "invalid_request_error"
	}
	return frame("event: response.failed\ndata: ", EncodeJSON(struct {
		Type     string   `json:"type"`
		Sequence int      `json:"sequence_number"`
		Response response `json:"response"`
	}{"response.failed", e.Sequence, response{e.ResponseID, "response", e.Created, "failed",
		responseError{code, e.Message}, e.Model, []string{}}}))
}
