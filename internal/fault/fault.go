// Package fault holds the one error type that people and scripts see: a stable code,
// one line that says what is wrong and where, and a hint that says what to do. Start
// with New; package report turns the outermost fault into the error object of a report
// and into the exit status.
//
// It never prints and never exits.
package fault

import (
	"errors"
	"fmt"

	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Exit statuses of every target (docs/json.md).
const (
	ExitFailed      = 1   // a check failed or the operation failed
	ExitUsage       = 2   // usage or configuration error
	ExitFilter      = 3   // a jq expression failed
	ExitInterrupted = 130 // SIGINT, SIGTERM or SIGHUP ended the command
)

// Error is a failure as a person or a script reads it.
type Error struct {
	Code    string // stable kebab-case word, listed in docs/json.md
	Message string // one line: what, where
	Hint    string // one line: what to do; may be empty
	Exit    int    // one of the Exit constants
	Err     error  // cause, for errors.Is; only Message is printed
	Detail  any    // machine-readable particulars, put into the report; may be nil
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns a fault with exit status ExitFailed. A %w in format becomes the cause. A
// command in format is written as program.Format says, and so is one in a hint.
func New(code, format string, args ...any) *Error {
	err := fmt.Errorf(program.Format(format), args...)
	return &Error{Code: code, Message: redactMessage(err.Error()), Exit: ExitFailed, Err: errors.Unwrap(err)}
}

// redactMessage returns a message without the secrets in URLs and without words that
// look like keys: a user may have typed one, or set it in the environment, in the place
// of something else.
func redactMessage(message string) string { return redact.Words(redact.URL(message)) }

// Usage does what New does, with exit status ExitUsage: the user typed or configured
// something wrong.
func Usage(code, format string, args ...any) *Error {
	e := New(code, format, args...)
	e.Exit = ExitUsage
	return e
}

// Unwritable returns a fault about a path that cannot be written. advice says what else
// to do, or what was not changed; it may be empty.
func Unwritable(code, path string, err error, advice string) *Error {
	hint := "make it writable and free space on its disk"
	if advice != "" {
		hint += "; " + advice
	}
	return New(code, "write %s: %w", path, err).WithHint("%s", hint)
}

// WithHint returns e with a hint that says what to do.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(program.Format(format), args...)
	return e
}

// WithDetail returns e with machine-readable particulars.
func (e *Error) WithDetail(detail any) *Error {
	e.Detail = detail
	return e
}

// From returns the outermost fault in err's tree; an error without one becomes a fault
// with code "internal".
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Code: "internal", Message: redactMessage(err.Error()), Exit: ExitFailed, Err: err}
	}
	if e.Message == err.Error() {
		return e
	}
	outer := *e
	outer.Message = redactMessage(err.Error())
	return &outer
}

// HasCode reports whether the outermost fault in err's tree has that code.
func HasCode(err error, code string) bool {
	var f *Error
	return errors.As(err, &f) && f.Code == code
}
