package echo

import (
	"fmt"
	"net/http"

	dialects "github.com/flowgate-go/flowgate/internal/router/dialect"
)

// dialect is the family of interfaces that a route belongs to; it decides the form of errors.
type dialect int

const (
	openAI dialect = iota
	anthropic
	google
)

// openAIError is the body of an error on the OpenAI routes.
type openAIError struct {
	Error openAIErrorBody `json:"error"`
}

// openAIErrorBody is the member "error" of an openAIError.
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

// anthropicErrorBody is the member "error" of an anthropicError.
type anthropicErrorBody struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// writeError writes a reply with an error in the dialect.
func (d dialect) writeError(w http.ResponseWriter, status int, format string, args ...any) {
	writeJSON(w, status, d.errorBody(status, fmt.Sprintf(format, args...)))
}

// errorBody returns the body of a reply with an error in the dialect.
func (d dialect) errorBody(status int, message string) any {
	if d == anthropic {
		return anthropicError{Type: "error", Error: anthropicErrorBody{Type: dialects.AnthropicType(status),
			Message: message}}
	}
	if d == google {
		return geminiError{geminiErrorBody{Code: status, Message: message, Status: dialects.GoogleStatus(status)}}
	}
	return openAIError{Error: openAIErrorBody{Message: message, Type: openAIType(status)}}
}

// openAIType returns the error type that the OpenAI API gives with a status.
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

// missingError is the error of a request without the field of that name, in the words of the OpenAI API.
type missingError string

// Error returns the message, which names the field.
func (m missingError) Error() string { return "Missing required parameter: '" + string(m) + "'." }
