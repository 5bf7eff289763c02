package echo

import (
	"fmt"
	"net/http"
)

// dialect is the API family of a route: it decides what an error looks like.
type dialect int

const (
	openAI dialect = iota
	anthropic
)

// openAIError is the body of an error on the OpenAI routes.
type openAIError struct {
	Error openAIErrorBody `json:"error"`
}

type openAIErrorBody struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

// anthropicError is the body of an error on the Anthropic routes, and the data
// of an error event in their streams.
type anthropicError struct {
	Type  string             `json:"type"` // always "error"
	Error anthropicErrorBody `json:"error"`
}

type anthropicErrorBody struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// fail writes an error with that status in the dialect.
func (d dialect) fail(w http.ResponseWriter, status int, format string, args ...any) {
	writeJSON(w, status, d.errorBody(status, fmt.Sprintf(format, args...)))
}

func (d dialect) errorBody(status int, message string) any {
	if d == anthropic {
		return anthropicError{Type: "error", Error: anthropicErrorBody{Type: anthropicType(status), Message: message}}
	}
	return openAIError{Error: openAIErrorBody{Message: message, Type: openAIType(status)}}
}

// openAIType is the error type that the OpenAI API gives with a status.
func openAIType(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "authentication_error"
	case status == http.StatusForbidden:
		return "permission_error"
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status >= 500:
		return "server_error"
	}
	return "invalid_request_error"
}

// anthropicType is the error type that the Anthropic API gives with a status.
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
	case 529: // Anthropic's own status
		return "overloaded_error"
	}
	if status >= 500 {
		return "api_error"
	}
	return "invalid_request_error"
}

// missing is a field that a request lacks, in the words of the OpenAI API.
type missing string

func (m missing) Error() string { return "Missing required parameter: '" + string(m) + "'." }
