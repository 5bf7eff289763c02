package translate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// failure is an error as an upstream reports it. Its values are texts.
type failure struct {
	status  int    // 0: not known
	kind    string // one of Anthropic's error types
	code    []byte
	message []byte
}

// ReplyError is the error of a reply that has a good status but cannot be used: it
// is broken, in another dialect, empty, or an error. The router then answers with
// status 502, or tries another deployment.
type ReplyError struct {
	Message string // the upstream's own words when it reported an error
}

// Error returns the message.
func (e *ReplyError) Error() string { return e.Message }

// brokenReply returns the failure of a reply that cannot be used.
func brokenReply(message string) *failure {
	return &failure{status: http.StatusBadGateway, kind: "api_error", message: escapeString(message)}
}

// errorKinds are Anthropic's error types by status.
var errorKinds = map[int]string{
	400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
	404: "not_found_error", 413: "request_too_large", 422: "invalid_request_error", 429: "rate_limit_error",
	504: "timeout_error", 529: "overloaded_error",
}

// errorKind returns Anthropic's error type for a status.
func errorKind(status int) string {
	if kind, ok := errorKinds[status]; ok {
		return kind
	}
	if status >= 400 && status < 500 {
		return "invalid_request_error"
	}
	return "api_error"
}

// Error turns the body of a reply with an error status into the client's
// envelope. The upstream's message stays whole; a body without an envelope, such as
// an error page of a proxy in between, becomes the message itself.
func (c *Call) Error(status int, body []byte) []byte {
	f := readFailure(body)
	f.status, f.kind = status, errorKind(status)
	return appendFailure(nil, c.from, f)
}

// readFailure reads an error in the envelope of any dialect, or without one.
func readFailure(body []byte) *failure {
	f := &failure{kind: "api_error"}
	body = bytes.TrimSpace(body)
	if json.Valid(body) {
		f.read(&scan{doc: body}, 0)
	}
	if len(f.message) == 0 {
		f.message = escapeString(string(body))
	}
	if len(f.message) == 0 {
		f.message = []byte("the upstream gave no reason")
	}
	return f
}

// maxEnvelopes is how many objects and lists an error may be wrapped in.
const maxEnvelopes = 4

// read reads a value that says what went wrong, depth envelopes deep.
func (f *failure) read(s *scan, depth int) {
	switch s.kind() {
	case '[': // Google sends a list with the error, FastAPI a list of errors
		s.array(func() {
			if depth < maxEnvelopes && len(f.message) == 0 {
				f.read(s, depth+1)
			}
		})
	case '"':
		if text, _ := s.text(); len(f.message) == 0 {
			f.message = clone(text)
		}
	case '{':
		s.object(func(key []byte) { f.readMember(s, string(key), depth) })
	}
}

func (f *failure) readMember(s *scan, key string, depth int) {
	switch key {
	case "message", "msg":
		if text, ok := s.text(); ok {
			f.message = clone(text)
		}
	case "error", "detail", "response":
		if depth < maxEnvelopes && s.kind() != 'n' {
			f.read(s, depth+1)
		}
	case "type":
		if text, _ := s.text(); strings.HasSuffix(string(text), "_error") || string(text) == "request_too_large" {
			f.kind = string(text)
		}
	case "code":
		if s.kind() == '"' {
			text, _ := s.text()
			f.code = clone(text)
		} else if n := wholeNumber(s.raw()); n >= 400 && n < 600 {
			f.status, f.kind = n, errorKind(n)
		}
	}
}

// overflowWords are parts of the messages with which upstreams refuse a prompt that
// is longer than the model's context: those of OpenAI, Anthropic, vLLM, llama.cpp,
// Google, Mistral and others.
var overflowWords = []string{
	"context_length_exceeded", "prompt is too long", "maximum context length", "context window", "context length",
	"exceeds the available context size", "input token count", "too large for model", "input is too long",
}

// isOverflow reports whether the prompt was longer than the model's context.
func (f *failure) isOverflow() bool {
	if f.status != 0 && f.status != 400 && f.status != 413 && f.status != 422 {
		return false
	}
	if string(f.code) == "context_length_exceeded" {
		return true
	}
	text := strings.ToLower(string(f.message))
	for _, words := range overflowWords {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// appendFailure appends the error in the envelope of a dialect.
func appendFailure(dst []byte, d Dialect, f *failure) []byte {
	if d == Gemini {
		return appendGeminiFailure(dst, f)
	}
	if d == Messages {
		dst = append(dst, `{"type":"error","error":{"type":`...)
		dst = appendText(dst, []byte(f.anthropicKind()))
		dst = append(dst, `,"message":"`...)
		if f.isOverflow() && !bytes.Contains(bytes.ToLower(f.message), []byte("prompt is too long")) {
			dst = append(dst, "prompt is too long: "...) // Claude Code compacts on these words
		}
		return append(append(dst, f.message...), `"}}`...)
	}
	dst = append(dst, `{"error":{"message":`...)
	dst = appendText(dst, f.message)
	dst = append(dst, `,"type":`...)
	dst = appendText(dst, escapeString(f.kind))
	dst = append(dst, `,"param":null,"code":`...)
	dst = f.appendCode(dst)
	return append(dst, '}', '}')
}

// anthropicKind returns the error type for a client that speaks messages.
func (f *failure) anthropicKind() string {
	for _, kind := range errorKinds {
		if kind == f.kind {
			return kind
		}
	}
	switch string(f.code) {
	case "rate_limit_exceeded", "insufficient_quota":
		return "rate_limit_error"
	}
	return errorKind(f.status)
}

// appendCode appends the code of an error in OpenAI's envelope, null when it has none.
func (f *failure) appendCode(dst []byte) []byte {
	switch {
	case f.isOverflow():
		return append(dst, `"context_length_exceeded"`...) // Codex compacts on this code
	case len(f.code) > 0:
		return appendText(dst, f.code)
	case f.kind == "rate_limit_error":
		return append(dst, `"rate_limit_exceeded"`...)
	}
	return append(dst, "null"...)
}

// failureOf returns the failure for an error of the router itself.
func failureOf(status int, message string) *failure {
	if !utf8.ValidString(message) {
		message = fmt.Sprintf("%q", message)
	}
	return &failure{status: status, kind: errorKind(status), message: escapeString(message)}
}
