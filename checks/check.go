// Package checks is the engine under doctor, security-check and smoke, whose
// families of checks are the packages below this one. A Check is a value with a
// func; Run examines many at once.
//
// The package never prints: results go to the caller as they finish and in the
// end in the order in which the checks were listed.
package checks

import (
	"context"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Check is one named examination.
type Check struct {
	ID      string        // dotted, stable, "ports.available"
	Title   string        // what holds when it passes
	Family  string        // smoke, doctor, security, drill, release
	Needs   []string      // IDs of checks listed earlier that must not fail or be skipped first
	After   []string      // IDs of checks listed earlier that must have ended first, however
	Timeout time.Duration // 0 means DefaultTimeout
	Active  bool          // it executes, asks or writes into what the examined configuration names
	Run     func(ctx context.Context) Outcome

	// Mend repairs what Run complained about, as far as that is safe, and returns a
	// line for each thing that it did. It is nil when nothing can be repaired. It is
	// called only after Run returned; Run decides afterwards whether it helped.
	Mend func(ctx context.Context) ([]string, error)
}

// DefaultTimeout ends a check that sets none of its own.
const DefaultTimeout = 10 * time.Second

// Outcome is what a check found.
type Outcome struct {
	Status report.Status
	Detail any // machine-readable; a report.Reasoned one also says why in one line
	Fix    *report.Fix
	Mended []string // what Mend did
}

// Note is the detail of an outcome that needs only a sentence.
type Note struct {
	Text string `json:"reason,omitempty"`
}

// Notef returns a Note with a formatted text.
func Notef(format string, args ...any) Note {
	return Note{fmt.Sprintf(program.Format(format), args...)}
}

// Reason implements report.Reasoned.
func (n Note) Reason() string { return n.Text }

// Passed returns the outcome of a check that found no problem.
func Passed(detail any) Outcome { return Outcome{Status: report.Pass, Detail: detail} }

// Failed returns the outcome of a check that found a problem, with the problem as its
// reason.
func Failed(format string, args ...any) Outcome {
	return Outcome{Status: report.Fail, Detail: Note{redactf(format, args)}}
}

// Warned returns the outcome of a check that found something that works but needs
// attention.
func Warned(format string, args ...any) Outcome {
	return Outcome{Status: report.Warn, Detail: Note{redactf(format, args)}}
}

// Skipped returns the outcome of a check that could not judge.
func Skipped(format string, args ...any) Outcome {
	return Outcome{Status: report.Skip, Detail: Note{redactf(format, args)}}
}

// redactf formats a text and shortens the secrets in its addresses.
func redactf(format string, args []any) string {
	return redact.URL(fmt.Sprintf(program.Format(format), args...))
}

// WithFix returns the outcome with what fixes it: a shell command, which may be empty, and
// a sentence. A command of FlowGate's own begins with the word mage (package program).
func (o Outcome) WithFix(command, text string) Outcome {
	o.Fix = &report.Fix{Command: program.Fix(command), Text: text}
	return o
}

// WithDetail returns the outcome with other particulars.
func (o Outcome) WithDetail(detail any) Outcome {
	o.Detail = detail
	return o
}

// reasonText returns the outcome's sentence, "" when it has none.
func (o Outcome) reasonText() string {
	if r, ok := o.Detail.(report.Reasoned); ok {
		return r.Reason()
	}
	return ""
}
